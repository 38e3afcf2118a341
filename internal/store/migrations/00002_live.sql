-- +goose Up

-- Codes: links.state  6 deleted, 7 parted

ALTER TABLE links DROP CONSTRAINT links_state_is_known;
ALTER TABLE links ADD CONSTRAINT links_state_is_known CHECK (state BETWEEN 1 AND 7);

ALTER TABLE connections
    ADD COLUMN location   text COLLATE "C", -- the GoHighLevel location, by which webhooks name the connection
    ADD COLUMN live_since timestamptz;      -- when onboarding turned live sync on
UPDATE connections SET location = substring(rules FROM '(?n)(?:^\s+|[{,]\s*)location:\s*["'']?([A-Za-z0-9_-]+)');
CREATE INDEX connections_location ON connections (location);

-- Changes that were announced, by whomever, and are not yet pending: a row is a mark, never data; marks coalesce. They
-- are kept apart from pending so that an announcement never waits for a matching that runs.
CREATE TABLE announced (
    connection  integer     NOT NULL,
    kind        smallint    NOT NULL,
    side        smallint    NOT NULL,
    only_linked boolean     NOT NULL, -- without effect where no link holds the record
    at          timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the last mark
    record_id   text        COLLATE "C" NOT NULL,
    CONSTRAINT announced_pkey PRIMARY KEY (connection, kind, side, record_id),
    CONSTRAINT announced_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT announced_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT announced_record_is_named CHECK (record_id <> '')
)
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- A bell that was rung is not rung again until the run that it woke has looked.
CREATE TABLE bells (
    connection integer     NOT NULL,
    rung_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT bells_pkey PRIMARY KEY (connection),
    CONSTRAINT bells_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);

-- Webhooks that were taken, so that another delivery of one has no effect.
CREATE TABLE webhooks (
    key bytea       NOT NULL,
    at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT webhooks_pkey PRIMARY KEY (key)
);
CREATE INDEX webhooks_at ON webhooks USING brin (at);

-- How many changes each way of hearing of them brought, by day (UTC).
CREATE TABLE heard (
    day        date     NOT NULL,
    connection integer  NOT NULL,
    kind       smallint NOT NULL,
    side       smallint NOT NULL,
    event      text     COLLATE "C" NOT NULL,
    announced  bigint   NOT NULL DEFAULT 0, -- by webhooks
    swept      bigint   NOT NULL DEFAULT 0, -- by a sweep, and by no webhook before
    CONSTRAINT heard_pkey PRIMARY KEY (connection, day, kind, side, event),
    CONSTRAINT heard_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);

-- How the polling of each side of a connection stands.
CREATE TABLE sweeps (
    connection     integer     NOT NULL,
    kind           smallint    NOT NULL,
    side           smallint    NOT NULL,
    failures       integer     NOT NULL DEFAULT 0, -- in a row
    next_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at        timestamptz,                    -- the last attempt
    succeeded_at   timestamptz,                    -- the last pass without a failure
    swept_to       timestamptz,                    -- by the vendor's clock: everything changed before is known
    deleted_to     timestamptz,                    -- likewise for deletions
    compared_at    timestamptz,                    -- when the rotating comparison came round last
    compared_after bigint      NOT NULL DEFAULT 0, -- the link after which it goes on
    every_ms       bigint      NOT NULL DEFAULT 0, -- the interval in use
    problem        text        NOT NULL DEFAULT '', -- the kind of the last failure
    CONSTRAINT sweeps_pkey PRIMARY KEY (connection, kind, side),
    CONSTRAINT sweeps_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT sweeps_side_is_known CHECK (side IN (1, 2))
);

-- Rows that a sweep has seen within its overlap, as they were: a row that is read again unchanged has no effect.
CREATE TABLE swept (
    stamp       timestamptz NOT NULL,
    fingerprint bigint      NOT NULL,
    connection  integer     NOT NULL,
    kind        smallint    NOT NULL,
    side        smallint    NOT NULL,
    record_id   text        COLLATE "C" NOT NULL,
    CONSTRAINT swept_pkey PRIMARY KEY (connection, kind, side, record_id),
    CONSTRAINT swept_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);
CREATE INDEX swept_stamp ON swept (connection, kind, side, stamp);

-- Reviews: what waits for a person, and the run in which it waits.
ALTER TABLE reviews DROP CONSTRAINT reviews_concern_several_links;
ALTER TABLE reviews
    ADD CONSTRAINT reviews_concern_a_link CHECK (cardinality(link_ids) >= 1),
    ADD COLUMN fields      text[]   NOT NULL DEFAULT '{}',
    ADD COLUMN side        smallint NOT NULL DEFAULT 0,
    ADD COLUMN workflow_id text     COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN reminded_at timestamptz,
    ADD COLUMN due_at      timestamptz,
    ADD COLUMN choice      text     NOT NULL DEFAULT '',
    ADD COLUMN decided_by  text     NOT NULL DEFAULT '';
CREATE INDEX reviews_links ON reviews USING gin (link_ids);
-- What a sync put in review by itself had no review before, and could not be decided about.
INSERT INTO reviews (connection, kind, reason, link_ids)
SELECT l.connection, l.kind, l.problem, ARRAY[l.id] FROM links l
WHERE l.state = 3 AND l.problem <> ''
  AND NOT EXISTS (SELECT FROM reviews r WHERE r.link_ids @> ARRAY[l.id] AND r.decided_at IS NULL)
ORDER BY l.id;

-- Deletions that were proven, for as long as they count towards a surge.
CREATE TABLE deletions (
    link_id    bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    connection integer     NOT NULL,
    kind       smallint    NOT NULL,
    side       smallint    NOT NULL,
    -- What a person decided about it, as in reviews.choice; '' while nobody did.
    choice     text        NOT NULL DEFAULT '',
    CONSTRAINT deletions_pkey PRIMARY KEY (link_id),
    CONSTRAINT deletions_belong_to_a_link FOREIGN KEY (connection, kind, link_id)
        REFERENCES links (connection, kind, id) ON DELETE CASCADE,
    CONSTRAINT deletions_side_is_known CHECK (side IN (1, 2))
);
CREATE INDEX deletions_window ON deletions (connection, kind, side, at);

-- The allowance by lanes, in the order of their priority, in microseconds since 1970 by this database's clock: when each
-- last asked for a slot, until when it was known to wait for one, and its last grant. Refusals have left rate (0 stands
-- for all) of the limit, as of rate_at.
ALTER TABLE budget_windows
    ADD COLUMN lanes_at      bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN lanes_waiting bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN lanes_granted bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN rate          float8   NOT NULL DEFAULT 0,
    ADD COLUMN rate_at       bigint   NOT NULL DEFAULT 0,
    ADD COLUMN daily_limit   integer; -- as the vendor said last
