-- What an access key may do, and keys that end by themselves.  Whatever a server of the release before writes stays
-- valid; it knows nothing of these columns, and takes every tenant's key for one that may do everything.

ALTER TABLE access_key
    DROP CONSTRAINT access_key_role_check,
    -- 'tenant' is what the release before writes for 'DCS FullAccess'
    ADD CONSTRAINT access_key_role_check
        CHECK (role IN ('tenant', 'DCS FullAccess', 'DCS UserAccess', 'DCS ReadOnlyAccess', 'operator')),
    -- null: all of the role's
    ADD COLUMN policy_actions text[] CHECK (cardinality(policy_actions) BETWEEN 1 AND 64),
    -- null: all of the project's; one that is removed later stays in the list, and its id never comes back
    ADD COLUMN policy_instances uuid[] CHECK (cardinality(policy_instances) BETWEEN 1 AND 64),
    -- a temporary key: when it ends, and the SHA-256 of the token that it is used with
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN token_digest bytea CHECK (octet_length(token_digest) = 32),
    ADD CHECK ((expires_at IS NULL) = (token_digest IS NULL)),
    ADD CHECK (policy_instances IS NULL OR project_id IS NOT NULL);
CREATE INDEX access_key_expiry ON access_key (expires_at) WHERE expires_at IS NOT NULL;

-- Removes temporary keys that have ended.  A function of the owner's, so that whoever calls it needs no right to see or to
-- remove any other key.  The inner limit is for the planner, which takes one that it does not know for a tenth of the
-- table.
CREATE FUNCTION forget_ended_access_keys(most bigint) RETURNS SETOF integer
    LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    DELETE FROM access_key WHERE id IN (
        SELECT * FROM (SELECT id FROM access_key WHERE expires_at < now()
            ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED) o LIMIT most)
    RETURNING 1
$$;
