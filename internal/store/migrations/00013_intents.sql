-- +goose Up

-- The contact for which a task, a note or an appointment is created, by the id of the side on which it is; '' for contacts.
ALTER TABLE intents ADD COLUMN contact text COLLATE "C" NOT NULL DEFAULT '';
-- What the sides agree on once the create was carried out: by it is known what it made, though either side was edited since.
ALTER TABLE intents ADD COLUMN base bytea;
