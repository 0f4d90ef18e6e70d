-- The audit log, and the database roles of the programs.

-- Who did or tried what.  Written, never changed; it refers to nothing, so that it outlives what it tells of and may
-- be kept in another database.
CREATE TABLE audit_event (
    -- when the request came, by the clock of the program that took it
    at timestamptz NOT NULL,
    -- of the request; of a command of the tool one of its own
    request_id uuid NOT NULL,
    -- the project that it was about, where that is known
    project_id uuid,
    -- access key or user; `proved` says whether it is more than a claim
    identity text CHECK (char_length(identity) <= 128),
    proved boolean NOT NULL,
    source inet,
    action text NOT NULL CHECK (char_length(action) <= 128),
    instance_id uuid,
    -- what it was about or made: a task, an access key, a project, an instance; what a command was told
    subject text CHECK (char_length(subject) <= 128),
    decision text NOT NULL CHECK (decision IN ('allowed', 'refused', 'rejected', 'failed')),
    status integer NOT NULL,
    -- the public code of what it was answered, where that is an error
    code text CHECK (char_length(code) <= 32),
    -- of refusals that came too fast to be told apart
    times bigint NOT NULL DEFAULT 1 CHECK (times >= 1),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (at, request_id)
);
CREATE INDEX audit_event_of_project ON audit_event (project_id, at);
CREATE INDEX audit_event_of_identity ON audit_event (identity, at);

-- Not even its owner changes a line by mistake; what is old is pruned as a whole.
CREATE FUNCTION audit_event_is_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_event is append-only';
END
$$;
CREATE TRIGGER audit_event_written_once BEFORE UPDATE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_written_once();

-- Which role of the database each program comes as, where it is not the owner; `dcsctl migrate` gives each what it
-- needs (db/grants.sql).
CREATE TABLE database_role (
    purpose text PRIMARY KEY CHECK (purpose IN ('server', 'worker', 'audit', 'operator')),
    role name NOT NULL
);
