-- Rounds of automatic analyses, a queue that is fair between projects, and tasks that are forgotten by age.

-- What became of each round that fell due; for operators, never shown to a tenant.  The key makes a round single.
CREATE TABLE autoscan_round (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('bigkey', 'hotkey', 'expired')),
    -- when it fell due
    slot timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('started', 'skipped')),
    reason text CHECK (reason IN ('busy', 'not_running', 'unsupported')),
    -- earlier rounds that nobody was there to make, or that fell due while another one waited
    missed bigint NOT NULL DEFAULT 0 CHECK (missed >= 0),
    -- of the task that was made, which may be gone since
    task_id uuid,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, instance_id, kind, slot),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE,
    CHECK ((outcome = 'started') = (task_id IS NOT NULL)),
    CHECK ((outcome = 'skipped') = (reason IS NOT NULL))
);
CREATE INDEX autoscan_round_age ON autoscan_round (decided_at);

ALTER TABLE autoscan
    -- a round that is due and waits for the task before it to end: when to look again
    ADD COLUMN deferred_until timestamptz,
    ADD CHECK (deferred_until IS NULL OR next_at IS NOT NULL),
    SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
DROP INDEX autoscan_due;
CREATE INDEX autoscan_due ON autoscan (coalesce(deferred_until, next_at)) WHERE next_at IS NOT NULL;

-- The queue: what waits, by age and by project; what runs, by the end of its lease and by project.
DROP INDEX scan_task_claimable;
CREATE INDEX scan_task_waiting ON scan_task (claimable_at) WHERE status = 'waiting';
CREATE INDEX scan_task_waiting_of_project ON scan_task (project_id, claimable_at) WHERE status = 'waiting';
-- Of the two of what runs, a count by project may not take the other one, whatever the statistics say of an empty
-- table: hence the second condition.
CREATE INDEX scan_task_running ON scan_task (claimable_at) WHERE status = 'running' AND claimable_at IS NOT NULL;
CREATE INDEX scan_task_running_of_project ON scan_task (project_id) WHERE status = 'running';

-- What retention takes away, the oldest first.
CREATE INDEX scan_task_age ON scan_task (finished_at) WHERE finished_at IS NOT NULL;
