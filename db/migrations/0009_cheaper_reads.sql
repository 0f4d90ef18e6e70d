-- Less to look at for who reads: a list, and what keeps the history short, find in the index what they count, and a
-- result is taken apart faster.
-- replaces: 5b543e9a6eaec211b5214344c157e3f89c2d9e633d07baf4bb6ecad3e3c64af3

-- step: index scan_task_history_counted
CREATE INDEX CONCURRENTLY scan_task_history_counted ON scan_task (project_id, instance_id, kind, created_at DESC, id DESC)
    INCLUDE (status, num);

-- step: transaction
DROP INDEX scan_task_history;
ALTER INDEX scan_task_history_counted RENAME TO scan_task_history;

-- step: transaction
-- Results that are there stay as they are.  A PostgreSQL that was built without goes on as before.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE scan_result ALTER COLUMN keys SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    NULL;
END $$;
