-- +goose Up

-- Tasks, notes and appointments are matched within one contact: whom each belongs to, by its side's own id, and the keys of
-- what it says, as each side shows it.
ALTER TABLE staged
    ADD COLUMN created_at   timestamptz,
    ADD COLUMN contact      text     COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN content_keys bigint[] NOT NULL DEFAULT '{}';
