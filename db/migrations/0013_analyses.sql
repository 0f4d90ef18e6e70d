-- Analyses of whole keyspaces: a kind of their own with options, and what is kept of each for comparison over time.

-- step: transaction
-- Options are what a task was asked to measure, complete; null for kinds that take none, and where a program of an
-- earlier version made it: the defaults.  One kind more: what is there was held against fewer, so that it needs not be
-- read now; the next migration does that, while everybody goes on.
ALTER TABLE scan_task
    ADD COLUMN options jsonb,
    DROP CONSTRAINT scan_task_kind_check,
    ADD CONSTRAINT scan_task_kind_check CHECK (kind IN ('bigkey', 'hotkey', 'expired', 'analysis')) NOT VALID,
    ADD CONSTRAINT scan_task_options CHECK (options IS NULL OR kind = 'analysis') NOT VALID;

-- step: transaction
ALTER TABLE autoscan
    ADD COLUMN options jsonb,
    DROP CONSTRAINT autoscan_kind_check,
    ADD CONSTRAINT autoscan_kind_check CHECK (kind IN ('bigkey', 'hotkey', 'expired', 'analysis')) NOT VALID,
    ADD CONSTRAINT autoscan_options CHECK (options IS NULL OR kind = 'analysis') NOT VALID;

-- step: transaction
ALTER TABLE autoscan_round
    DROP CONSTRAINT autoscan_round_kind_check,
    ADD CONSTRAINT autoscan_round_kind_check CHECK (kind IN ('bigkey', 'hotkey', 'expired', 'analysis')) NOT VALID;

-- step: transaction
-- What an analysis summed up, a row each: it outlives the task, whose records are few.  A figure that was not measured
-- is null.
CREATE TABLE analysis_point (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    finished_at timestamptz NOT NULL,
    task_id uuid NOT NULL,
    keys bigint NOT NULL,
    bytes bigint,
    keys_without_ttl bigint,
    bytes_without_ttl bigint,
    -- [{type, keys, bytes}], in the order of the document
    types jsonb NOT NULL,
    PRIMARY KEY (project_id, instance_id, finished_at, task_id),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE
);
CREATE INDEX analysis_point_age ON analysis_point (finished_at);

-- step: transaction
-- The same of its heaviest prefixes.
CREATE TABLE analysis_prefix_point (
    project_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    -- as result_document has it; escaped where its bytes are no UTF-8, which is_binary tells
    prefix text NOT NULL,
    is_binary boolean NOT NULL,
    finished_at timestamptz NOT NULL,
    task_id uuid NOT NULL,
    keys bigint NOT NULL,
    bytes bigint,
    keys_without_ttl bigint,
    bytes_without_ttl bigint,
    PRIMARY KEY (project_id, instance_id, prefix, is_binary, finished_at, task_id),
    FOREIGN KEY (project_id, instance_id) REFERENCES instance (project_id, id) ON DELETE CASCADE
);
CREATE INDEX analysis_prefix_point_age ON analysis_prefix_point (finished_at);

-- step: transaction
-- A result as something that can be taken apart.  A key's name may have a NUL, which neither jsonb nor text can hold:
-- it becomes U+FFFF and a 0, and U+FFFF, which is no character, U+FFFF and a 1.  Whoever writes a name that came from
-- here turns them back.  A backslash that is itself escaped does not begin `\u0000`.  plpgsql, so that the planner
-- does not take a parameter apart that is not needed.
CREATE FUNCTION result_document(result text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF strpos(result, '\u0000') > 0 OR strpos(result, chr(65535)) > 0 THEN
        result := regexp_replace(replace(result, chr(65535), chr(65535) || '1'),
            '(?<!\\)((?:\\\\)*)\\u0000', '\1' || chr(65535) || '0', 'g');
    END IF;
    RETURN result::jsonb;
END $$;
