-- Projects and their access keys, the instances of a project, scan tasks and their results.
-- Identifiers are made by the program; every key on tenant data begins with project_id, so that the
-- schema can be spread by tenant.

CREATE TABLE project (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access_key (
    id text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{20}$'),
    project_id uuid NOT NULL REFERENCES project (id),
    sealed_secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE INDEX access_key_by_project ON access_key (project_id);

CREATE TABLE instance (
    project_id uuid NOT NULL REFERENCES project (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 1024),
    cache_mode text NOT NULL CHECK (cache_mode IN ('single', 'ha', 'ha_rw_split', 'proxy', 'cluster')),
    status text NOT NULL CHECK (status IN ('CREATING', 'RUNNING', 'ERROR')),
    -- how to reach it
    endpoints text[] NOT NULL CHECK (cardinality(endpoints) BETWEEN 1 AND 64),
    enable_ssl boolean NOT NULL DEFAULT false,
    tls_ca text,
    tls_server_name text,
    username text,
    sealed_password bytea,
    -- what the last successful probe found
    engine text,
    engine_version text,
    capabilities text[] NOT NULL DEFAULT '{}',
    node_role text,
    server_mode text,
    databases integer,
    used_memory bigint,
    maxmemory bigint,
    maxmemory_policy text,
    probed_at timestamptz,
    -- why the last probe failed, where it did
    probe_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name),
    CHECK (status <> 'RUNNING' OR probed_at IS NOT NULL),
    CHECK (username IS NULL OR sealed_password IS NOT NULL)
);

CREATE TABLE scan_task (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('bigkey', 'expired')),
    status text NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'running', 'success', 'failed')),
    scan_type text NOT NULL CHECK (scan_type IN ('manual', 'auto')),
    num integer NOT NULL DEFAULT 0 CHECK (num >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    -- the signature of the request that made it: the same request sent again finds the same task
    request_digest bytea,
    -- when a worker may take it: at once while it waits, at the lease's end while it runs
    claimable_at timestamptz DEFAULT now(),
    lease_owner text,
    attempt integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    keys_seen bigint NOT NULL DEFAULT 0,
    keys_total bigint NOT NULL DEFAULT 0,
    -- for operators, never shown to a tenant
    failure text,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE,
    CHECK ((started_at IS NULL) = (status = 'waiting') OR status = 'failed'),
    CHECK ((finished_at IS NULL) = (status IN ('waiting', 'running'))),
    CHECK ((claimable_at IS NULL) = (status IN ('success', 'failed'))),
    CHECK ((failure IS NULL) = (status <> 'failed')),
    CHECK (lease_owner IS NULL OR status = 'running')
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- One active task per instance and kind.
CREATE UNIQUE INDEX scan_task_active ON scan_task (project_id, instance_id, kind)
    WHERE status IN ('waiting', 'running');
CREATE INDEX scan_task_history ON scan_task (project_id, instance_id, kind, created_at DESC, id DESC);
CREATE INDEX scan_task_by_request ON scan_task (project_id, request_digest)
    WHERE request_digest IS NOT NULL;
-- The queue.
CREATE INDEX scan_task_claimable ON scan_task (claimable_at) WHERE claimable_at IS NOT NULL;

-- `keys` is the JSON array exactly as it is sent; it is never parsed on the way out.
CREATE TABLE scan_result (
    project_id uuid NOT NULL,
    task_id uuid NOT NULL,
    keys text NOT NULL,
    PRIMARY KEY (project_id, task_id),
    FOREIGN KEY (project_id, task_id) REFERENCES scan_task (project_id, id) ON DELETE CASCADE
);
