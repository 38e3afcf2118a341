-- +goose Up

-- Why a vendor gives no token for a credential, and since when; null while it does. It is the one part of a credential that
-- is not sealed: whoever plans work asks for it, and has no key.
ALTER TABLE credentials
    ADD COLUMN refused_at     timestamptz,
    ADD COLUMN refused        text COLLATE "C",
    ADD COLUMN refused_reason text,
    ADD CONSTRAINT credentials_refusal_is_known CHECK (refused IN ('reconnect', 'suspended')),
    ADD CONSTRAINT credentials_refusal_is_whole CHECK ((refused IS NULL) = (refused_at IS NULL) AND (refused IS NULL) = (refused_reason IS NULL));
