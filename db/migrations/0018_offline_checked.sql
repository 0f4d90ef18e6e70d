-- The rules of the migration before, held against what was there already: reads only, beside everything else.

-- step: alone
ALTER TABLE scan_task VALIDATE CONSTRAINT scan_task_kind_check, VALIDATE CONSTRAINT scan_task_options,
    VALIDATE CONSTRAINT scan_task_node, VALIDATE CONSTRAINT scan_task_backup_id;
-- step: alone
ALTER TABLE instance VALIDATE CONSTRAINT instance_backup_directory;
