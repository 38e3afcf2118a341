-- +goose Up

-- Whether a check is yet to pass since somebody connected a side. It outlasts a pause, which the state does not tell apart.
ALTER TABLE connections ADD COLUMN unchecked boolean NOT NULL DEFAULT false;

-- Authorisations that a person grants at a vendor's page just now, and that come back to the workers' public address. What
-- the vendor must bring along is known by its digest alone, and what it brought is sealed. The connection is null where
-- it is not stored yet.
CREATE TABLE authorisations (
    expires_at timestamptz NOT NULL,
    connection integer,
    side       smallint    NOT NULL,
    state      bytea       NOT NULL,
    answer     bytea,
    CONSTRAINT authorisations_pkey PRIMARY KEY (state),
    CONSTRAINT authorisations_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT authorisations_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT authorisations_state_is_a_digest CHECK (octet_length(state) = 32)
);
