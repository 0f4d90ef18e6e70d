-- Offline analyses: a kind of their own, each of one node of its instance, from that node's replication stream or from a
-- file of the instance's backups.

-- step: transaction
-- The node is written down as it was when the task was made, so that what is shown of it stays true when the node goes.
-- One kind more: what is there was held against fewer, so that it needs not be read now; the next migration does that,
-- while everybody goes on.
ALTER TABLE scan_task
    ADD COLUMN node_id uuid,
    ADD COLUMN node_host text,
    ADD COLUMN node_port integer,
    ADD COLUMN node_role text,
    ADD COLUMN node_shard integer,
    -- it had all keys of the instance: there was no other shard
    ADD COLUMN node_has_all boolean,
    -- the name of a file below the instance's backup_directory; null: the replication stream
    ADD COLUMN backup_id text,
    DROP CONSTRAINT scan_task_kind_check,
    ADD CONSTRAINT scan_task_kind_check
        CHECK (kind IN ('bigkey', 'hotkey', 'expired', 'analysis', 'offline')) NOT VALID,
    DROP CONSTRAINT scan_task_options,
    ADD CONSTRAINT scan_task_options CHECK (options IS NULL OR kind IN ('analysis', 'offline')) NOT VALID,
    ADD CONSTRAINT scan_task_node CHECK (CASE kind
        WHEN 'offline' THEN num_nonnulls(node_id, node_host, node_port, node_role, node_shard, node_has_all) = 6
        ELSE num_nonnulls(node_id, node_host, node_port, node_role, node_shard, node_has_all, backup_id) = 0 END)
        NOT VALID,
    ADD CONSTRAINT scan_task_backup_id CHECK (backup_id ~ '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$') NOT VALID;

-- step: transaction
ALTER TABLE scan_result
    -- the members of an offline analysis' answer in the DCS v2 API, exactly as they are sent, without brackets around them
    ADD COLUMN members text,
    -- what an analysis came to, for lists; null where it was not measured, and for results of programs of the release before
    ADD COLUMN analysed_keys bigint,
    ADD COLUMN analysed_bytes bigint;

-- step: transaction
-- Where the files of its backups are, relative to the workers' setting backup_root; null: nowhere.
ALTER TABLE instance
    ADD COLUMN backup_directory text,
    ADD CONSTRAINT instance_backup_directory CHECK (octet_length(backup_directory) BETWEEN 1 AND 512
        AND backup_directory !~ '^/' AND backup_directory !~ '(^|/)\.\.(/|$)') NOT VALID;

-- step: transaction
-- As before, for both kinds of analyses.  A limit is held against an instance: an analysis of a node that has only some
-- of its keys, or of a backup, which is of an earlier day, says nothing of it.
CREATE OR REPLACE FUNCTION webhook_task_ended(task scan_task, result text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    hook webhook;
    about text := CASE task.status WHEN 'success' THEN 'task.succeeded' ELSE 'task.failed' END;
    is_analysis boolean := task.kind IN ('analysis', 'offline');
    is_of_all boolean := task.kind = 'analysis' OR coalesce(task.node_has_all AND task.backup_id IS NULL, false);
    document jsonb;
    facts jsonb;
BEGIN
    FOR hook IN SELECT * FROM webhook w WHERE w.project_id = task.project_id AND w.enabled
            AND (w.instance_ids IS NULL OR task.instance_id = ANY (w.instance_ids))
            AND ((about = ANY (w.events) AND (w.kinds IS NULL OR task.kind = ANY (w.kinds)))
                OR ('limit.passed' = ANY (w.events) AND is_of_all AND result IS NOT NULL))
            ORDER BY w.id FOR KEY SHARE LOOP
        IF facts IS NULL THEN
            document := CASE WHEN is_analysis THEN result_document(result) END;
            SELECT jsonb_build_object('project_id', replace(task.project_id::text, '-', ''), 'instance_id', i.id,
                'instance_name', i.name, 'task_id', task.id, 'kind', task.kind, 'status', task.status,
                'scan_type', task.scan_type, 'created_at', webhook_time(task.created_at),
                'started_at', webhook_time(task.started_at), 'finished_at', webhook_time(task.finished_at),
                'source', CASE WHEN task.kind = 'analysis' THEN 'scan' WHEN task.backup_id IS NOT NULL THEN 'backup'
                    WHEN task.kind = 'offline' THEN 'replication' END,
                'node', CASE WHEN task.node_id IS NOT NULL THEN jsonb_build_object('id', task.node_id,
                    'name', CASE WHEN strpos(task.node_host, ':') > 0 THEN '[' || task.node_host || ']'
                        ELSE task.node_host END || ':' || task.node_port, 'group_name', 'group-' || task.node_shard,
                    'role', task.node_role) END,
                'backup_id', task.backup_id, 'keys', document->'keys', 'bytes', document->'bytes')
                INTO facts FROM instance i WHERE i.project_id = task.project_id AND i.id = task.instance_id;
        END IF;
        IF about = ANY (hook.events) AND (hook.kinds IS NULL OR task.kind = ANY (hook.kinds)) THEN
            PERFORM webhook_queue(hook.project_id, hook.id, about, facts);
        END IF;
        IF 'limit.passed' = ANY (hook.events) AND is_of_all AND document IS NOT NULL THEN
            PERFORM webhook_judge(hook, task.instance_id, facts, document,
                coalesce((task.options->>'top')::integer, 100));
        END IF;
    END LOOP;
END $$;
