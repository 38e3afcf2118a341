-- +goose Up

-- The keys under which Temporal's payloads are encrypted: one for each connection, and one ("connection" is null) for what
-- is about none. "sealed" is under the keyset, and null until the key is first needed, which draws it. Where a connection has
-- no row its key was destroyed: then nothing in its histories can be read any more.
CREATE TABLE payload_keys (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    connection integer,
    sealed     bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payload_keys_pkey PRIMARY KEY (id),
    CONSTRAINT payload_keys_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);

CREATE UNIQUE INDEX payload_keys_one_per_connection ON payload_keys (coalesce(connection, 0));

INSERT INTO payload_keys (connection) SELECT number FROM connections ORDER BY number;
INSERT INTO payload_keys (connection) VALUES (NULL);
