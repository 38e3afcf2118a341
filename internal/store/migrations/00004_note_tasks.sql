-- +goose Up

-- Codes: note_tasks.state  1 new, 2 open, 3 done, 4 nothing, 5 gone
--        note_task_items.state  1 wanted, 2 there, 3 withdrawn, 4 released, 5 gone

-- Notes that changed before this are history and become no tasks.
ALTER TABLE connections ADD COLUMN note_tasks_since timestamptz;

-- Salesforce notes that became GoHighLevel tasks, or may yet. "marked" counts the marks, "heeded" those that a run has
-- taken in: a mark is never data.
CREATE TABLE note_tasks (
    marked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    connection integer     NOT NULL,
    marked     integer     NOT NULL DEFAULT 1,
    heeded     integer     NOT NULL DEFAULT 0,
    state      smallint    NOT NULL DEFAULT 1,
    note_id    text        COLLATE "C" NOT NULL,
    contact    text        COLLATE "C" NOT NULL DEFAULT '', -- GoHighLevel's
    sealed     bytea,
    CONSTRAINT note_tasks_pkey PRIMARY KEY (connection, note_id),
    CONSTRAINT note_tasks_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT note_tasks_name_a_note CHECK (note_id <> ''),
    CONSTRAINT note_tasks_state_is_known CHECK (state BETWEEN 1 AND 5)
);
ALTER TABLE note_tasks ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX note_tasks_unheeded ON note_tasks (connection, note_id) WHERE marked > heeded;

-- The tasks of each note, by the keys that its plan gave them.
CREATE TABLE note_task_items (
    written_at timestamptz,
    intent_at  timestamptz, -- of a create that was begun and whose outcome is not recorded
    connection integer     NOT NULL,
    state      smallint    NOT NULL,
    completed  boolean     NOT NULL DEFAULT false,
    note_id    text        COLLATE "C" NOT NULL,
    key        text        COLLATE "C" NOT NULL,
    task_id    text        COLLATE "C",
    owed       text[]      NOT NULL DEFAULT '{}',
    written    bigint[], -- fingerprints of the fields as they were last written
    seen       bigint[], -- and as they were last seen
    CONSTRAINT note_task_items_pkey PRIMARY KEY (connection, note_id, key),
    CONSTRAINT note_task_items_belong_to_a_note FOREIGN KEY (connection, note_id)
        REFERENCES note_tasks (connection, note_id) ON DELETE CASCADE,
    CONSTRAINT note_task_items_state_is_known CHECK (state BETWEEN 1 AND 5),
    CONSTRAINT note_task_items_ids_are_null_rather_than_empty CHECK (task_id <> '')
);
CREATE UNIQUE INDEX note_task_items_task ON note_task_items (connection, task_id) WHERE task_id IS NOT NULL;
