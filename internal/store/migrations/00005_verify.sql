-- +goose Up

-- Tasks, notes and appointments are matched within one contact: whom each belongs to, by its side's own id, and the keys of
-- what it says, as each side shows it.
ALTER TABLE staged
    ADD COLUMN created_at   timestamptz,
    ADD COLUMN contact      text     COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN content_keys bigint[] NOT NULL DEFAULT '{}';

-- What comparisons of both sides came to: counts, never data.
CREATE TABLE certificates (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    connection  integer     NOT NULL,
    run_id      text        COLLATE "C" NOT NULL,
    body        jsonb       NOT NULL,
    CONSTRAINT certificates_pkey PRIMARY KEY (id),
    CONSTRAINT certificates_are_kept_once UNIQUE (connection, run_id),
    CONSTRAINT certificates_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);
