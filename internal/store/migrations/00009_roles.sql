-- +goose Up

-- Two things that only a table's owner may do are left to whoever works with the tables: to have the planner look at them,
-- and to lay out fresh links with room to grow. The path is fixed, so that nobody's temporary table of the same name is
-- taken for one of these.
-- +goose StatementBegin
DO $do$
BEGIN
    EXECUTE format($create$
        CREATE FUNCTION analyze_ledger(of text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
        BEGIN
            CASE of
                WHEN 'staged' THEN ANALYZE staged (connection, kind, side, record_id);
                WHEN 'links' THEN ANALYZE links;
                WHEN 'keys of links' THEN ANALYZE links (connection, kind, id, gohighlevel_id, salesforce_id, state);
                WHEN 'pending' THEN ANALYZE pending;
            END CASE;
        END
        $body$;
        CREATE FUNCTION lay_out_links(with_room boolean) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, pg_temp AS $body$
        BEGIN
            IF with_room THEN
                ALTER TABLE links SET (fillfactor = 39);
            ELSE
                ALTER TABLE links RESET (fillfactor);
            END IF;
        END
        $body$
    $create$, current_schema());
END
$do$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION analyze_ledger(text), lay_out_links(boolean) FROM PUBLIC;
