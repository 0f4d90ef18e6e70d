-- What each program may do in the database: everything else is refused to it.  Executed by `dcsctl migrate` after the
-- migrations, for the roles that database_role names; whoever adds a table or a column that a program uses adds it
-- here.  A list of columns after a privilege bounds it to these.

-- One role may serve several purposes.  A lock (FOR UPDATE, FOR KEY SHARE) takes UPDATE on some column.
DO $$
DECLARE
    own record;
    given record;
BEGIN
    -- First taken away, so that what is not listed any more is gone.
    FOR own IN SELECT DISTINCT role FROM database_role LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), own.role);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %I', current_schema(), own.role);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), own.role);
    END LOOP;
    FOR given IN SELECT r.role, g.privileges, g.relation FROM database_role r JOIN (VALUES
        -- The server takes requests: it never runs a scan, and finds nothing of how one goes on.
        ('server', 'SELECT', 'schema_migration'),
        ('server', 'SELECT, INSERT, UPDATE, DELETE', 'project'),
        ('server', 'SELECT, INSERT, UPDATE, DELETE', 'access_key'),
        ('server', 'SELECT, INSERT, UPDATE, DELETE', 'instance'),
        ('server', 'SELECT', 'instance_node'),
        ('server', 'SELECT, INSERT, UPDATE', 'autoscan'),
        ('server', 'SELECT, INSERT (project_id, instance_id, id, kind, scan_type, trace_parent, options, node_id, node_host,
            node_port, node_role, node_shard, node_has_all, backup_id), DELETE', 'scan_task'),
        ('server', 'SELECT', 'scan_result'),
        ('server', 'SELECT, DELETE', 'analysis_point'),
        ('server', 'SELECT, DELETE', 'analysis_prefix_point'),
        ('server', 'SELECT, INSERT, UPDATE, DELETE', 'webhook'),
        ('server', 'SELECT, INSERT, UPDATE (next_attempt_at, given_up_at, error)', 'webhook_delivery'),
        ('server', 'SELECT, DELETE', 'webhook_limit_passed'),
        ('server', 'SELECT, INSERT', 'remembered_request'),
        ('server', 'INSERT', 'audit_event'),

        -- The worker has no access key, and changes of an instance only what a probe finds.
        ('worker', 'SELECT', 'schema_migration'),
        ('worker', 'SELECT, UPDATE (status, engine, engine_version, capabilities, node_role, server_mode, databases,
            used_memory, maxmemory, maxmemory_policy, parameters, parameters_at, probed_at, probe_at, probe_error)',
            'instance'),
        ('worker', 'SELECT, INSERT, UPDATE, DELETE', 'instance_node'),
        ('worker', 'SELECT, UPDATE (next_at, deferred_until)', 'autoscan'),
        ('worker', 'SELECT, INSERT, UPDATE (decided_at), DELETE', 'autoscan_round'),
        ('worker', 'SELECT, INSERT, UPDATE, DELETE', 'scan_task'),
        ('worker', 'SELECT, INSERT', 'scan_result'),
        ('worker', 'SELECT, INSERT, UPDATE, DELETE', 'scan_checkpoint'),
        ('worker', 'SELECT, INSERT, UPDATE (keys), DELETE', 'analysis_point'),
        ('worker', 'SELECT, INSERT, UPDATE (keys), DELETE', 'analysis_prefix_point'),
        ('worker', 'SELECT, UPDATE (enabled, failing_since, disabled_reason, updated_at, version)', 'webhook'),
        ('worker', 'SELECT, INSERT, UPDATE, DELETE', 'webhook_delivery'),
        ('worker', 'SELECT, INSERT, DELETE', 'webhook_limit_passed'),
        ('worker', 'SELECT, UPDATE (created_at), DELETE', 'remembered_request'),

        -- What writes the audit log reads nothing, not even that.
        ('audit', 'INSERT', 'audit_event'),

        -- Whoever uses dcsctl from day to day: everything but the schema, tasks' ends and the log's lines.
        ('operator', 'SELECT', 'schema_migration'),
        ('operator', 'SELECT, INSERT, UPDATE, DELETE', 'project'),
        ('operator', 'SELECT, INSERT, UPDATE, DELETE', 'access_key'),
        ('operator', 'SELECT, INSERT, UPDATE, DELETE', 'instance'),
        ('operator', 'SELECT, INSERT, UPDATE, DELETE', 'instance_node'),
        -- Named by the statements that create, which remember a request where there is one.
        ('operator', 'INSERT (project_id, token, fingerprint)', 'remembered_request'),
        ('operator', 'SELECT', 'autoscan'),
        ('operator', 'SELECT', 'autoscan_round'),
        ('operator', 'SELECT', 'scan_task'),
        ('operator', 'SELECT', 'scan_result'),
        ('operator', 'SELECT', 'analysis_point'),
        ('operator', 'SELECT', 'analysis_prefix_point'),
        ('operator', 'SELECT', 'scan_checkpoint'),
        ('operator', 'SELECT, UPDATE (sealed_secret)', 'webhook'),
        ('operator', 'SELECT, INSERT', 'audit_event')
    ) AS g (purpose, privileges, relation) USING (purpose) LOOP
        EXECUTE format('GRANT %s ON %I TO %I', given.privileges, given.relation, given.role);
    END LOOP;

    -- Of a project, the worker learns whether it may run one scan more.
    FOR own IN SELECT role FROM database_role WHERE purpose = 'worker' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION project_may_scan(uuid, integer) TO %I', own.role);
    END LOOP;
END
$$;
