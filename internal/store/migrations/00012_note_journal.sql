-- +goose Up

-- What a note's tasks are written as is journaled before a link holds the task, if one ever does: such an entry names the
-- record itself, and its link is 0.
ALTER TABLE journal ADD COLUMN record_id text COLLATE "C";
CREATE INDEX journal_records ON journal (connection, record_id) WHERE record_id IS NOT NULL;
