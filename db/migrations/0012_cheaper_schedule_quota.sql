-- A configuration that is written again, as tools do that hold one against what it should be, is judged by its own row:
-- it neither adds up the project's nor makes the project's others wait.

-- step: transaction
-- Of all enabled configurations: each time of day of big and hot keys, one for expired keys.  What does not take more
-- than it had is always allowed; its row is held, so that nobody takes away meanwhile what it is judged by.
CREATE OR REPLACE FUNCTION project_may_schedule(wanted uuid, of_instance uuid, of_kind text, entries integer, usual integer)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    most integer;
    own integer;
BEGIN
    SELECT nullif(coalesce(schedule_entries_max, usual), 0) INTO most FROM project WHERE id = wanted;
    IF most IS NULL OR entries = 0 THEN
        RETURN true;
    END IF;
    SELECT CASE kind WHEN 'expired' THEN 1 ELSE cardinality(schedule_minutes) END INTO own FROM autoscan
        WHERE project_id = wanted AND instance_id = of_instance AND kind = of_kind AND enabled FOR NO KEY UPDATE;
    IF entries <= own THEN
        RETURN true;
    END IF;
    PERFORM FROM project WHERE id = wanted FOR NO KEY UPDATE;
    RETURN entries + (SELECT coalesce(sum(CASE kind WHEN 'expired' THEN 1 ELSE cardinality(schedule_minutes) END), 0)
        FROM autoscan WHERE project_id = wanted AND enabled AND NOT (instance_id = of_instance AND kind = of_kind)) <= most;
END $$;
