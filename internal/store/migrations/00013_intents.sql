-- +goose Up

-- The contact for which a task, a note or an appointment is created, by the id of the side on which it is; '' for contacts.
ALTER TABLE intents ADD COLUMN contact text COLLATE "C" NOT NULL DEFAULT '';
