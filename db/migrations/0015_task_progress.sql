-- How a task's scan goes on, beside how far it is: what is told of it to whoever watches.

-- step: transaction
-- {keys_per_second, attempt, updated_at, pause, cost, shards}: what the worker wrote last.  Null before its first word,
-- and for tasks of programs of the release before.
ALTER TABLE scan_task ADD COLUMN progress jsonb;
-- Which failure it was, by its symbol in the table of errors: `failure` is for operators only.  Null: it is not known.
ALTER TABLE scan_task ADD COLUMN failure_code text;
ALTER TABLE scan_task ADD CONSTRAINT scan_task_progress
    CHECK (jsonb_typeof(progress) = 'object' AND octet_length(progress::text) <= 8192) NOT VALID;

-- step: alone
ALTER TABLE scan_task VALIDATE CONSTRAINT scan_task_progress;
