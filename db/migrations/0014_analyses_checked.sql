-- The rules of the migration before, held against what was there already: reads only, beside everything else.

-- step: alone
ALTER TABLE scan_task VALIDATE CONSTRAINT scan_task_kind_check, VALIDATE CONSTRAINT scan_task_options;
-- step: alone
ALTER TABLE autoscan VALIDATE CONSTRAINT autoscan_kind_check, VALIDATE CONSTRAINT autoscan_options;
-- step: alone
ALTER TABLE autoscan_round VALIDATE CONSTRAINT autoscan_round_kind_check;
