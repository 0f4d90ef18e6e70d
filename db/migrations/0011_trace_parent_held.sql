-- The rule on traces, which was held against new rows only, is held against all.

-- step: alone
ALTER TABLE scan_task VALIDATE CONSTRAINT scan_task_trace_parent;
