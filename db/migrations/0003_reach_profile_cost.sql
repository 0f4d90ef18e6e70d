-- How hard an instance may be scanned, how its nodes are reached from here, and what a scan cost it.

ALTER TABLE instance
    -- null: the workers' setting scan_profile
    ADD COLUMN scan_profile text
        CHECK (scan_profile IN ('gentle', 'balanced', 'fast')),
    -- announced=reachable, separated by commas
    ADD COLUMN address_map text CHECK (address_map <> ''),
    -- the endpoints are Sentinels, which know the master by this name
    ADD COLUMN sentinel_master text CHECK (char_length(sentinel_master) BETWEEN 1 AND 255),
    -- what a server that asks for a client certificate is shown; PEM
    ADD COLUMN tls_certificate text,
    ADD COLUMN sealed_tls_key bytea,
    ADD CHECK ((tls_certificate IS NULL) = (sealed_tls_key IS NULL)),
    ADD CHECK (tls_certificate IS NULL OR enable_ssl),
    ADD CHECK (sentinel_master IS NULL OR cache_mode IN ('ha', 'ha_rw_split'));

-- What a successful scan took of the server; for operators, never shown to a tenant.
ALTER TABLE scan_task
    ADD COLUMN cost jsonb CHECK (cost IS NULL OR status = 'success');
