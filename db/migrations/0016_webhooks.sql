-- Webhooks: what a tenant wants to be told, what is to be told and was, and which limits are passed.

-- step: transaction
CREATE TABLE webhook (
    project_id uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    url text NOT NULL,
    -- sealed by the key file, as `webhook.sealed_secret` of the row
    sealed_secret bytea NOT NULL,
    events text[] NOT NULL CHECK (events <@ ARRAY['task.succeeded', 'task.failed', 'limit.passed']),
    -- null: of all
    kinds text[],
    instance_ids uuid[],
    -- [{subject, name?, bytes | keys | size}], each once
    limits jsonb NOT NULL DEFAULT '[]',
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL DEFAULT 1,
    -- of the first delivery that failed after the last one that did not
    failing_since timestamptz,
    -- why the service itself turned it off
    disabled_reason text,
    PRIMARY KEY (project_id, id),
    UNIQUE (project_id, name)
);

CREATE TABLE webhook_delivery (
    project_id uuid NOT NULL,
    -- what its receiver knows it by, over all attempts
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    webhook_id uuid NOT NULL,
    event text NOT NULL CHECK (event IN ('task.succeeded', 'task.failed', 'limit.passed', 'webhook.test')),
    -- the body, byte for byte
    payload text NOT NULL CHECK (octet_length(payload) <= 16384),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- also the fence of a claim
    attempts integer NOT NULL DEFAULT 0,
    -- of a claim: when it lapses.  Null once it is over
    next_attempt_at timestamptz,
    attempted_at timestamptz,
    delivered_at timestamptz,
    given_up_at timestamptz,
    -- of the last attempt
    response_status integer,
    error text,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhook (project_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_end CHECK (num_nonnulls(next_attempt_at, delivered_at, given_up_at) = 1)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_delivery_of ON webhook_delivery (project_id, webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (project_id, webhook_id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at);

-- step: transaction
-- A limit of a webhook that an instance is over.  None: it is not, or nobody has looked.
CREATE TABLE webhook_limit_passed (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    -- SHA-256 of its text: one that was changed is another one
    digest bytea NOT NULL,
    passed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, instance_id, webhook_id, digest),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, webhook_id) REFERENCES webhook (project_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_limit_passed_of ON webhook_limit_passed (project_id, webhook_id);

-- step: transaction
CREATE FUNCTION webhook_limit_digest(bound jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(convert_to(bound::text, 'UTF8'))
$$;

-- A moment as the service writes it.
CREATE FUNCTION webhook_time(moment timestamptz) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Whether the project, which is held, may have one more.  0 is none at all.
CREATE FUNCTION webhook_has_room(wanted uuid, most integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM project WHERE id = wanted FOR NO KEY UPDATE;
    RETURN FOUND AND (SELECT count(*) FROM webhook WHERE project_id = wanted) < most;
END $$;

-- Puts a delivery in the queue and rings.  Names among the facts are as result_document has them, and turned back.  Of a webhook that has 1000 waiting already it is kept as one that was given
-- up, so that its owner sees what is missing.
CREATE FUNCTION webhook_queue(of_project uuid, of_webhook uuid, about text, facts jsonb) RETURNS uuid
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    full_up boolean;
    made uuid;
BEGIN
    SELECT count(*) >= 1000 INTO full_up FROM (SELECT FROM webhook_delivery
        WHERE project_id = of_project AND webhook_id = of_webhook AND next_attempt_at IS NOT NULL LIMIT 1000) waiting;
    INSERT INTO webhook_delivery (project_id, webhook_id, event, payload, next_attempt_at, given_up_at, error)
        SELECT of_project, of_webhook, about,
            replace(replace(json_build_object('type', about, 'timestamp', webhook_time(now()),
                'data', jsonb_strip_nulls(facts))::text, chr(65535) || '0', '\u0000'), chr(65535) || '1', chr(65535)),
            CASE WHEN NOT full_up THEN now() END, CASE WHEN full_up THEN now() END,
            CASE WHEN full_up THEN 'too many deliveries were waiting' END
        RETURNING id INTO made;
    PERFORM pg_notify('webhook_delivery', '');
    RETURN made;
END $$;

-- What a document says of a limit: the largest figure that is certain, the largest that is possible, and whose the
-- first one is; no row where it was not measured.  Who is not listed may have what the last one of a full list has.
-- A prefix has a figure and its error, a key has none.
CREATE FUNCTION webhook_limit_figure(document jsonb, top integer, bound jsonb)
RETURNS TABLE (certain bigint, possible bigint, item jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    subject text := bound->>'subject';
    figure text := CASE WHEN bound ? 'bytes' THEN 'bytes' WHEN bound ? 'keys' THEN 'keys' ELSE 'size' END;
    named text := bound->>'name';
    entries jsonb := CASE WHEN bound->>'subject' = 'prefix' THEN document #> '{prefixes,items}'
        WHEN bound ? 'bytes' THEN document->'largest_by_bytes' ELSE document->'largest_by_size' END;
    unlisted bigint := 0;
BEGIN
    IF jsonb_typeof(entries) IS DISTINCT FROM 'array' OR (figure = 'bytes' AND NOT document ? 'bytes') THEN
        RETURN;
    END IF;
    IF named IS NOT NULL THEN
        -- 500 of the prefixes are the heaviest of all, by bytes and by keys; of keys, `top` are, by size of each type.
        SELECT coalesce(max(l.smallest), 0) INTO unlisted FROM (
            SELECT min(r.value) AS smallest FROM (
                SELECT CASE WHEN subject = 'key' AND figure = 'size' THEN e->>'type' END AS part, (e->>figure)::bigint AS value,
                    row_number() OVER (PARTITION BY CASE WHEN subject = 'key' AND figure = 'size' THEN e->>'type' END
                        ORDER BY (e->>figure)::bigint DESC NULLS LAST) AS place
                FROM jsonb_array_elements(entries) e) r
            WHERE r.place <= CASE subject WHEN 'prefix' THEN 500 ELSE top END
            GROUP BY r.part HAVING count(*) = CASE subject WHEN 'prefix' THEN 500 ELSE top END) l;
    END IF;
    RETURN QUERY SELECT coalesce(f.value - f.error, 0), coalesce(f.highest, unlisted), f.e
        FROM (SELECT) one LEFT JOIN LATERAL (
            SELECT c.*, max(c.value) OVER () AS highest FROM (
                SELECT e, (e->>figure)::bigint AS value, coalesce((e->>(figure || '_error'))::bigint, 0) AS error
                FROM jsonb_array_elements(entries) e
                WHERE e ? figure AND (named IS NULL OR (e->>CASE subject WHEN 'prefix' THEN 'prefix' ELSE 'name' END) = named)
            ) c ORDER BY c.value - c.error DESC LIMIT 1) f ON true;
END $$;

-- An event for each limit of the webhook that this analysis passes and the one before did not.  It counts as passed
-- until the figure is below nine tenths of it, so that one that swings about the limit is not told of again and again.
CREATE FUNCTION webhook_judge(hook webhook, of_instance uuid, facts jsonb, document jsonb, top integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    bound jsonb;
    most bigint;
    found_figure record;
    digest_of bytea;
BEGIN
    FOR bound IN SELECT l FROM jsonb_array_elements(hook.limits) l LOOP
        most := coalesce(bound->>'bytes', bound->>'keys', bound->>'size')::bigint;
        digest_of := webhook_limit_digest(bound);
        FOR found_figure IN SELECT * FROM webhook_limit_figure(document, top, bound) LOOP
            IF found_figure.certain > most THEN
                INSERT INTO webhook_limit_passed (project_id, instance_id, webhook_id, digest)
                    VALUES (hook.project_id, of_instance, hook.id, digest_of) ON CONFLICT DO NOTHING;
                IF FOUND THEN
                    PERFORM webhook_queue(hook.project_id, hook.id, 'limit.passed', facts || jsonb_build_object(
                        'limit', bound, 'value', found_figure.certain, 'subject', jsonb_build_object(
                            'name', rtrim(left(coalesce(found_figure.item->>'name', found_figure.item->>'prefix'), 512), chr(65535)),
                            'binary', found_figure.item->'binary', 'type', found_figure.item->'type',
                            'db', found_figure.item->'db')));
                END IF;
            ELSIF found_figure.possible < most - most / 10 THEN
                DELETE FROM webhook_limit_passed WHERE project_id = hook.project_id AND instance_id = of_instance
                    AND webhook_id = hook.id AND digest = digest_of;
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- Called by whatever ends a task, in its transaction: queues what the project's webhooks want to be told of it.  result
-- is the document of an analysis, or null.  A webhook that is being deleted is told nothing; the others are held, so
-- that they stay.
CREATE FUNCTION webhook_task_ended(task scan_task, result text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    hook webhook;
    about text := CASE task.status WHEN 'success' THEN 'task.succeeded' ELSE 'task.failed' END;
    document jsonb;
    facts jsonb;
BEGIN
    FOR hook IN SELECT * FROM webhook w WHERE w.project_id = task.project_id AND w.enabled
            AND (w.instance_ids IS NULL OR task.instance_id = ANY (w.instance_ids))
            AND ((about = ANY (w.events) AND (w.kinds IS NULL OR task.kind = ANY (w.kinds)))
                OR ('limit.passed' = ANY (w.events) AND task.kind = 'analysis' AND result IS NOT NULL))
            ORDER BY w.id FOR KEY SHARE LOOP
        IF facts IS NULL THEN
            document := CASE task.kind WHEN 'analysis' THEN result_document(result) END;
            SELECT jsonb_build_object('project_id', replace(task.project_id::text, '-', ''), 'instance_id', i.id,
                'instance_name', i.name, 'task_id', task.id, 'kind', task.kind, 'status', task.status,
                'scan_type', task.scan_type, 'created_at', webhook_time(task.created_at),
                'started_at', webhook_time(task.started_at), 'finished_at', webhook_time(task.finished_at),
                'keys', document->'keys', 'bytes', document->'bytes')
                INTO facts FROM instance i WHERE i.project_id = task.project_id AND i.id = task.instance_id;
        END IF;
        IF about = ANY (hook.events) AND (hook.kinds IS NULL OR task.kind = ANY (hook.kinds)) THEN
            PERFORM webhook_queue(hook.project_id, hook.id, about, facts);
        END IF;
        IF 'limit.passed' = ANY (hook.events) AND document IS NOT NULL THEN
            PERFORM webhook_judge(hook, task.instance_id, facts, document, coalesce((task.options->>'top')::integer, 100));
        END IF;
    END LOOP;
END $$;
