-- Where running scans could be taken up, and what earlier attempts took and came to.

-- One row for a running task that got somewhere; gone when the task ends.  Logged, although a scan can always begin
-- anew: a crash or a fail-over of the database may cost every worker its leases at once, and all scans would then
-- begin anew on all servers at the same time.
CREATE TABLE scan_checkpoint (
    project_id uuid NOT NULL,
    task_id uuid NOT NULL,
    -- the scan engine's, a JSON object; never looked into here
    checkpoint text NOT NULL CHECK (octet_length(checkpoint) <= 1048576),
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, task_id),
    FOREIGN KEY (project_id, task_id) REFERENCES scan_task (project_id, id) ON DELETE CASCADE
    -- Rewritten every few seconds: no indexed column changes, and half of each page is left for the next versions.
    -- What a long one leaves behind is in the table's TOAST.
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0,
    toast.autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_vacuum_cost_delay = 0);

ALTER TABLE scan_task
    -- what attempts have taken so far, rests between them not counted
    ADD COLUMN scan_ms bigint NOT NULL DEFAULT 0 CHECK (scan_ms >= 0),
    -- why the last attempt failed, where it was to be tried again; for operators, never shown to a tenant
    ADD COLUMN last_error text;
