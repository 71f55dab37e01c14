-- The outbox that a custody system keeps for the monitor, in its own PostgreSQL (13 or newer).
-- In the transaction that writes a custody record, also insert the entry here as one line of JSON:
--     INSERT INTO custody_outbox (body) VALUES ('{"id": "e17", "record": ...}');
-- A sign of life is a row without a body; once a minute will do:
--     INSERT INTO custody_outbox (body) VALUES (NULL);
-- The monitor needs SELECT only. Rows may be deleted once they are some days old.

CREATE TABLE custody_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Which transaction wrote it. Numbers are given out before transactions end, and those end in
    -- any order: the monitor reads only what no running transaction can still come before.
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    body text,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX custody_outbox_in_order ON custody_outbox (xact, id);

CREATE FUNCTION custody_outbox_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY custody_outbox;
    RETURN NULL;
END $$;

CREATE TRIGGER custody_outbox_wake AFTER INSERT ON custody_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION custody_outbox_wake();
