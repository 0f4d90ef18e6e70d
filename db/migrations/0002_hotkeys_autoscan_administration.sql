-- Hot keys, autoscan configuration, operators' access keys, idempotent requests, and what probes record.

ALTER TABLE scan_task
    DROP CONSTRAINT scan_task_kind_check,
    ADD CONSTRAINT scan_task_kind_check CHECK (kind IN ('bigkey', 'hotkey', 'expired'));

-- A request that changed something is remembered for a day, by its signature and by its Idempotency-Key: the same
-- one again changes nothing and is answered with what the first one made.
DROP INDEX scan_task_by_request;
ALTER TABLE scan_task DROP COLUMN request_digest;

CREATE TABLE remembered_request (
    project_id uuid NOT NULL,
    token bytea NOT NULL CHECK (octet_length(token) = 32),
    -- SHA-256 of method, path and body: the same token with another one is another request
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    task_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, token)
);
CREATE INDEX remembered_request_age ON remembered_request (created_at);

-- One row per instance and kind that was ever configured.
CREATE TABLE autoscan (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('bigkey', 'hotkey', 'expired')),
    enabled boolean NOT NULL,
    -- big and hot keys: minutes of the day, UTC, ascending
    schedule_minutes smallint[] NOT NULL DEFAULT '{}'
        CHECK (cardinality(schedule_minutes) <= 24
            AND 0 <= ALL (schedule_minutes) AND 1439 >= ALL (schedule_minutes)),
    -- expired keys
    first_scan_at timestamptz,
    interval_seconds integer CHECK (interval_seconds >= 0),
    timeout_seconds integer CHECK (timeout_seconds >= 2),
    scan_keys_count integer CHECK (scan_keys_count >= 10),
    -- when the next round falls due; null where none will
    next_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, instance_id, kind),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE,
    CHECK (timeout_seconds::bigint >= 2 * interval_seconds::bigint),
    CHECK (enabled OR next_at IS NULL),
    CHECK (NOT enabled OR CASE kind
        WHEN 'expired' THEN first_scan_at IS NOT NULL AND interval_seconds IS NOT NULL
            AND timeout_seconds IS NOT NULL AND scan_keys_count IS NOT NULL
        ELSE cardinality(schedule_minutes) > 0 END)
);
CREATE INDEX autoscan_due ON autoscan (next_at) WHERE next_at IS NOT NULL;

-- Operators' keys belong to no project and open the administration interface only.
ALTER TABLE access_key
    ALTER COLUMN project_id DROP NOT NULL,
    ADD COLUMN role text NOT NULL DEFAULT 'tenant' CHECK (role IN ('tenant', 'operator')),
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD CHECK ((project_id IS NULL) = (role = 'operator'));

ALTER TABLE project
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

-- What a client may have read of a row when it updates it.
ALTER TABLE instance
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    -- take hot keys from the server's HOTKEYS command rather than from LFU counters
    ADD COLUMN hotkeys_command boolean NOT NULL DEFAULT false,
    -- when a worker is to probe it next
    ADD COLUMN probe_at timestamptz NOT NULL DEFAULT now(),
    -- configuration parameters as the last probe read them, an object of strings
    ADD COLUMN parameters jsonb,
    ADD COLUMN parameters_at timestamptz;
CREATE INDEX instance_probe_due ON instance (probe_at);

-- The nodes of an instance, as the last probe found them.
CREATE TABLE instance_node (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    host text NOT NULL,
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    -- given once and kept while the node is known
    id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('master', 'slave')),
    shard integer NOT NULL DEFAULT 0 CHECK (shard >= 0),
    PRIMARY KEY (project_id, instance_id, host, port),
    UNIQUE (project_id, id),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE
);
