-- +goose Up

-- The last maintenance of each connection. "taken_until" is the lease of one that is under way.
CREATE TABLE maintenance (
    connection  integer     NOT NULL,
    began_at    timestamptz,
    taken_until timestamptz,
    ended_at    timestamptz,
    report      jsonb,
    CONSTRAINT maintenance_pkey PRIMARY KEY (connection),
    CONSTRAINT maintenance_belongs_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);

-- The journal is written in the order of time, and what is old is looked for in whole stretches.
CREATE INDEX journal_at ON journal USING brin (at);
