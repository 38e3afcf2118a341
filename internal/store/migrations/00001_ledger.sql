-- +goose Up

-- Codes, the same in every table:
--   side   1 gohighlevel, 2 salesforce
--   kind   1 contact
--   links.state  1 new, 2 in_step, 3 in_review, 4 failed, 5 excluded
-- links, staged and journal grow by the million and are written in bulk: they name their connection without a foreign
-- key, whose check would lock the connection's row once for every row written.
-- Ids of records are compared byte by byte everywhere (collation "C"): both vendors' ids differ by letter case alone.

CREATE TABLE connections (
    number          integer     GENERATED ALWAYS AS IDENTITY,
    id              text        COLLATE "C" NOT NULL,
    rules           text        NOT NULL,
    rules_version   integer     NOT NULL DEFAULT 1,
    state           text        NOT NULL,
    fingerprint_key bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT connections_pkey PRIMARY KEY (number),
    CONSTRAINT connections_id_is_unique UNIQUE (id),
    -- The id becomes part of workflow ids and of command lines.
    CONSTRAINT connections_id_is_a_slug CHECK (id ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    CONSTRAINT connections_state_is_named CHECK (state <> ''),
    CONSTRAINT connections_rules_version_counts_from_one CHECK (rules_version >= 1)
);

-- Every version of a connection's rules, so that the journal can be read under the rules that were in force.
CREATE TABLE connection_rules (
    connection integer     NOT NULL,
    version    integer     NOT NULL,
    rules      text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT connection_rules_pkey PRIMARY KEY (connection, version),
    CONSTRAINT connection_rules_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE
);

CREATE TABLE credentials (
    connection integer     NOT NULL,
    side       smallint    NOT NULL,
    sealed     bytea       NOT NULL,
    generation integer     NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credentials_pkey PRIMARY KEY (connection, side),
    CONSTRAINT credentials_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT credentials_side_is_known CHECK (side IN (1, 2))
);

-- A million of these are kept for years: columns stand in the order that leaves no gaps between them (eight-byte
-- ones, then four, then two, then the ones of varying length), a link in step holds no null, which spares it the map of
-- its nulls, and there is no index that is not looked up.
CREATE TABLE links (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    synced_at      timestamptz,
    connection     integer     NOT NULL,
    kind           smallint    NOT NULL,
    state          smallint    NOT NULL,
    base           bytea,
    gohighlevel_id text        COLLATE "C",
    salesforce_id  text        COLLATE "C",
    problem        text        NOT NULL DEFAULT '',
    -- The connection leads, so that counting or paging one connection never reads another's links.
    CONSTRAINT links_pkey PRIMARY KEY (connection, kind, id) WITH (fillfactor = 100), -- ids only ascend
    CONSTRAINT links_kind_is_known CHECK (kind = 1),
    CONSTRAINT links_state_is_known CHECK (state BETWEEN 1 AND 5),
    CONSTRAINT links_hold_a_record CHECK (num_nonnulls(gohighlevel_id, salesforce_id) >= 1),
    CONSTRAINT links_ids_are_null_rather_than_empty CHECK (gohighlevel_id <> '' AND salesforce_id <> '')
);

-- Creates that were begun and whose outcome is not recorded.
CREATE TABLE intents (
    link_id    bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    connection integer     NOT NULL,
    kind       smallint    NOT NULL,
    side       smallint    NOT NULL,
    CONSTRAINT intents_pkey PRIMARY KEY (link_id),
    CONSTRAINT intents_belong_to_a_link FOREIGN KEY (connection, kind, link_id)
        REFERENCES links (connection, kind, id) ON DELETE CASCADE,
    CONSTRAINT intents_side_is_known CHECK (side IN (1, 2))
);

-- A record belongs to at most one link. An id is one record's whatever its kind, so the kind needs no room here.
-- Matching adds links in the order of their GoHighLevel ids: that index needs no room for what would come in between.
CREATE UNIQUE INDEX links_gohighlevel_record ON links (connection, gohighlevel_id) WITH (fillfactor = 100)
    WHERE gohighlevel_id IS NOT NULL;
CREATE UNIQUE INDEX links_salesforce_record ON links (connection, salesforce_id) WHERE salesforce_id IS NOT NULL;

-- Tokens of claims: a later claim has a higher one.
CREATE SEQUENCE claim_tokens;

-- Links that may have changed. A row is a mark, never data; marks coalesce.
CREATE TABLE pending (
    link_id        bigint      NOT NULL,
    connection     integer     NOT NULL,
    kind           smallint    NOT NULL,
    lane           smallint    NOT NULL DEFAULT 0, -- 0 bulk, 1 record
    marked         integer     NOT NULL DEFAULT 1, -- how often it was marked
    claimed_mark   integer,                        -- "marked" as the claim saw it
    changed_at     timestamptz,                    -- the last mark that told of a change, not of a reading
    claimed_until  timestamptz,
    token          bigint,
    released_token bigint,                         -- the claim that ended last without ending the row
    claimed_by     text        COLLATE "C",
    CONSTRAINT pending_pkey PRIMARY KEY (link_id),
    CONSTRAINT pending_belongs_to_a_link FOREIGN KEY (connection, kind, link_id)
        REFERENCES links (connection, kind, id) ON DELETE CASCADE,
    CONSTRAINT pending_lane_is_known CHECK (lane IN (0, 1)),
    CONSTRAINT pending_claim_is_whole CHECK (
        (token IS NULL) = (claimed_by IS NULL)
        AND (token IS NULL) = (claimed_until IS NULL)
        AND (token IS NULL) = (claimed_mark IS NULL)),
    CONSTRAINT pending_claim_saw_a_mark CHECK (claimed_mark <= marked)
)
-- Its rows come and go by the million: dead ones must not pile up where Claim looks for the next batch.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- What Claim takes next: of every 4096 links, each 32nd, then the ones beside them. A batch thus meets each page of
-- links once or twice, not all over: the versions that earlier batches replaced there can be cleared away, and leave
-- room for this one's on the same page. Neighbours in one transaction would crowd each other out, into every index.
CREATE INDEX pending_unclaimed ON pending (connection, kind, (link_id >> 12), (link_id & 31), link_id)
    WHERE lane = 0 AND token IS NULL;
-- What waits in the record lane.
CREATE INDEX pending_handed_over ON pending (connection, kind, link_id) WHERE lane = 1;
-- What Claim takes over, and what an owner holds already. Both are few.
CREATE INDEX pending_leases ON pending (connection, kind, claimed_until) WHERE token IS NOT NULL;
CREATE INDEX pending_owners ON pending (claimed_by) WHERE token IS NOT NULL;

-- How far each reading has come. The purpose tells readings of the same side apart.
CREATE TABLE cursors (
    connection integer     NOT NULL,
    kind       smallint    NOT NULL,
    side       smallint    NOT NULL, -- 0 where the purpose concerns both sides
    purpose    text        COLLATE "C" NOT NULL,
    epoch      text        NOT NULL,
    cursor     text        NOT NULL DEFAULT '',
    done       boolean     NOT NULL DEFAULT false,
    count      integer     NOT NULL DEFAULT 0,
    begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT cursors_pkey PRIMARY KEY (connection, kind, side, purpose),
    CONSTRAINT cursors_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT cursors_side_is_known CHECK (side IN (0, 1, 2)),
    CONSTRAINT cursors_count_is_not_negative CHECK (count >= 0)
);

-- Records as they were read, until they are synced. Which link holds a record is found by its id: writing that here
-- would write every record a second time.
CREATE TABLE staged (
    read_at         timestamptz NOT NULL,
    modified_at     timestamptz,
    first_name_key  bigint      NOT NULL, -- 0 when there is no first name
    connection      integer     NOT NULL,
    kind            smallint    NOT NULL,
    side            smallint    NOT NULL,
    excluded        boolean     NOT NULL,
    record_id       text        COLLATE "C" NOT NULL,
    -- Within one array no key stands twice: matching counts on it.
    external_keys   bigint[]    NOT NULL,
    email_keys      bigint[]    NOT NULL,
    phone_name_keys bigint[]    NOT NULL,
    epoch           text        NOT NULL,
    body            bytea       NOT NULL,
    CONSTRAINT staged_pkey PRIMARY KEY (connection, kind, side, record_id),
    CONSTRAINT staged_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT staged_record_is_named CHECK (record_id <> '')
);
-- Bodies are encrypted: trying to compress them is wasted.
ALTER TABLE staged ALTER COLUMN body SET STORAGE EXTERNAL;

-- What waits for a person. Its links are in state 3; a review none of whose links is so any more is decided.
CREATE TABLE reviews (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    connection integer     NOT NULL,
    kind       smallint    NOT NULL,
    reason     text        NOT NULL,
    link_ids   bigint[]    NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    CONSTRAINT reviews_pkey PRIMARY KEY (id),
    CONSTRAINT reviews_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT reviews_concern_several_links CHECK (cardinality(link_ids) >= 2),
    CONSTRAINT reviews_give_a_reason CHECK (reason <> '')
);
CREATE INDEX reviews_undecided ON reviews (connection, kind) WHERE decided_at IS NULL;

-- Every write to either side. There is no foreign key to links: what was written outlives the link.
CREATE TABLE journal (
    id            bigint      GENERATED ALWAYS AS IDENTITY,
    link_id       bigint      NOT NULL,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    connection    integer     NOT NULL,
    rules_version integer     NOT NULL,
    kind          smallint    NOT NULL,
    side          smallint    NOT NULL,
    operation     smallint    NOT NULL, -- 1 create, 2 update, 3 delete
    origin        text        COLLATE "C" NOT NULL,
    run_id        text        NOT NULL,
    sealed        bytea       NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (id),
    CONSTRAINT journal_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT journal_operation_is_known CHECK (operation IN (1, 2, 3))
);
CREATE INDEX journal_links ON journal (connection, link_id);
-- Equal entries share their key, so that a million writes of one onboarding take a few bytes each.
CREATE INDEX journal_origins ON journal (connection, kind, origin, side, operation);

-- API calls by day (UTC), as they were counted by the workers.
CREATE TABLE api_usage (
    day        date     NOT NULL,
    connection integer  NOT NULL,
    side       smallint NOT NULL,
    lane       text     COLLATE "C" NOT NULL,
    calls      bigint   NOT NULL,
    CONSTRAINT api_usage_pkey PRIMARY KEY (connection, side, day, lane),
    CONSTRAINT api_usage_belongs_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT api_usage_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT api_usage_calls_are_positive CHECK (calls > 0)
);

-- One allowance shared by all workers. Grants are the times of the last requests allowed, in microseconds since 1970
-- by this database's clock, ascending; some may lie ahead.
CREATE TABLE budget_windows (
    connection        integer  NOT NULL,
    side              smallint NOT NULL,
    grants            bigint[] NOT NULL DEFAULT '{}',
    paused_until      bigint   NOT NULL DEFAULT 0,
    daily_remaining   integer,     -- as the vendor said last
    daily_observed_at timestamptz,
    CONSTRAINT budget_windows_pkey PRIMARY KEY (connection, side),
    CONSTRAINT budget_windows_belong_to_a_connection FOREIGN KEY (connection) REFERENCES connections (number) ON DELETE CASCADE,
    CONSTRAINT budget_windows_side_is_known CHECK (side IN (1, 2)),
    CONSTRAINT budget_windows_daily_is_whole CHECK ((daily_remaining IS NULL) = (daily_observed_at IS NULL))
)
-- The row is rewritten all the time: room on its page keeps that from touching the index.
WITH (fillfactor = 25, autovacuum_vacuum_threshold = 200);
