-- What a project may have at most.  Null: the programs' settings; 0: no limit.
ALTER TABLE project
    ADD COLUMN instances_max integer CHECK (instances_max >= 0),
    ADD COLUMN scans_max integer CHECK (scans_max >= 0),
    ADD COLUMN schedule_entries_max integer CHECK (schedule_entries_max >= 0);

-- A quota is judged by functions, each call of which sees what has been committed until then: a statement counts by
-- the moment of its beginning, and of two at once both would find room.  Whoever counts holds the project's row until
-- what he counted for is committed; where there is no limit, nothing is locked.  `usual` is the setting.

CREATE FUNCTION project_may_add_instance(wanted uuid, usual integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    most integer;
BEGIN
    SELECT nullif(coalesce(instances_max, usual), 0) INTO most FROM project WHERE id = wanted;
    IF most IS NULL THEN
        RETURN true;
    END IF;
    PERFORM FROM project WHERE id = wanted FOR NO KEY UPDATE;
    RETURN (SELECT count(*) FROM instance WHERE project_id = wanted) < most;
END $$;

-- One that runs, or rests between two attempts.  The plan must not depend on what was known of a table that was empty.
-- Workers, which call it, may not read projects: it does so as its owner, and finds its tables in its own schema.
CREATE FUNCTION project_may_scan(wanted uuid, usual integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET enable_seqscan = off AS $$
DECLARE
    most integer;
BEGIN
    SELECT nullif(coalesce(scans_max, usual), 0) INTO most FROM project WHERE id = wanted;
    IF most IS NULL THEN
        RETURN true;
    END IF;
    PERFORM FROM project WHERE id = wanted FOR NO KEY UPDATE;
    RETURN (SELECT count(*) FROM (SELECT FROM scan_task WHERE project_id = wanted AND status = 'running' LIMIT most) r)
        < most;
END $$;
REVOKE ALL ON FUNCTION project_may_scan(uuid, integer) FROM PUBLIC;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION project_may_scan(uuid, integer) SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END $$;

-- Of all enabled configurations: each time of day of big and hot keys, one for expired keys.  What does not take more
-- than it had is always allowed.
CREATE FUNCTION project_may_schedule(wanted uuid, of_instance uuid, of_kind text, entries integer, usual integer)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    most integer;
    own bigint;
    others bigint;
BEGIN
    SELECT nullif(coalesce(schedule_entries_max, usual), 0) INTO most FROM project WHERE id = wanted;
    IF most IS NULL OR entries = 0 THEN
        RETURN true;
    END IF;
    PERFORM FROM project WHERE id = wanted FOR NO KEY UPDATE;
    SELECT coalesce(sum(size) FILTER (WHERE is_own), 0), coalesce(sum(size) FILTER (WHERE NOT is_own), 0)
        INTO own, others
        FROM (SELECT CASE kind WHEN 'expired' THEN 1 ELSE cardinality(schedule_minutes) END AS size,
                instance_id = of_instance AND kind = of_kind AS is_own
            FROM autoscan WHERE project_id = wanted AND enabled) configured;
    RETURN entries <= own OR others + entries <= most;
END $$;
