-- +goose Up

-- The keys that each running process seals and opens with, as it said last: a key is not promoted, nor retired, before
-- everybody has followed.
CREATE TABLE key_holders (
    seen_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    primary_key bigint      NOT NULL,
    enabled     bigint[]    NOT NULL,
    holder      text        COLLATE "C" NOT NULL,
    CONSTRAINT key_holders_pkey PRIMARY KEY (holder)
);

-- Since when everybody seals under the key that seals now. There is one row at most.
CREATE TABLE key_reign (
    one   boolean     NOT NULL DEFAULT true,
    key   bigint      NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_reign_pkey PRIMARY KEY (one),
    CONSTRAINT key_reign_is_one CHECK (one)
);
