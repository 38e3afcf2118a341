-- +goose Up

-- Codes: kind  2 task, 3 note, 4 appointment

ALTER TABLE links DROP CONSTRAINT links_kind_is_known;
ALTER TABLE links ADD CONSTRAINT links_kind_is_known CHECK (kind BETWEEN 1 AND 4);

-- The contact that a task, a note or an appointment belongs to, by each side's own id, as it was last seen there. It is
-- kept apart from links: contacts, of which there are a million, belong to nobody.
CREATE TABLE contact_of (
    link_id        bigint   NOT NULL,
    connection     integer  NOT NULL,
    kind           smallint NOT NULL,
    gohighlevel_id text     COLLATE "C" NOT NULL DEFAULT '',
    salesforce_id  text     COLLATE "C" NOT NULL DEFAULT '',
    CONSTRAINT contact_of_pkey PRIMARY KEY (link_id),
    CONSTRAINT contact_of_a_link FOREIGN KEY (connection, kind, link_id)
        REFERENCES links (connection, kind, id) ON DELETE CASCADE
);
CREATE INDEX contact_of_gohighlevel ON contact_of (connection, gohighlevel_id) WHERE gohighlevel_id <> '';
CREATE INDEX contact_of_salesforce ON contact_of (connection, salesforce_id) WHERE salesforce_id <> '';

ALTER TABLE announced ADD COLUMN contact text COLLATE "C" NOT NULL DEFAULT ''; -- whom the record belongs to; '' where nobody said
