package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// analyzeFrom is how many links must have become pending for the tables to be worth another look by the planner.
const analyzeFrom = 1000

// Match links what both sides' staged records of an epoch have in common. Links that exist come first; then, tier by
// tier, records are grouped by the keys they share. A group of one record per side becomes a link, or goes to review
// as namesakes where the tier is the phone's and the first names differ; any other group that spans both sides goes to
// review with all its members; a group on one side waits for the next tier. After the last tier, records of one side
// that share an e-mail address go to review, and each of the rest becomes a link of one half.
//
// A link that holds only one record takes part with it: a match completes it. Records that the filter excludes take
// part only in what the others leave: a record whose counterpart is excluded is linked to it, and excluded with it.
// Reviews that nobody decided are forgotten first, and their records matched anew. Every link of the epoch that is
// neither in review nor excluded becomes pending; under NewOnly, only those that this call makes, completes, or takes
// out of a review or an exclusion.
//
// Tasks, notes and appointments are matched without reviews, as matching_belongings.go has it.
//
// Everything happens in one transaction; repeating it for the same epoch changes nothing and returns the same counts.
// It fails with record.ErrNotRead unless both sides were staged to the end under the epoch.
func (s *Store) Match(ctx context.Context, m record.MatchRequest) (record.MatchCounts, error) {
	sc, err := s.scope(ctx, m.Connection, m.Kind)
	if err != nil {
		return record.MatchCounts{}, err
	}
	for _, tier := range m.Tiers {
		if _, known := tierKeys[tier]; !known {
			return record.MatchCounts{}, fmt.Errorf("store: match: unknown tier %q", tier)
		}
	}
	var counts record.MatchCounts
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if m.Kind != record.Contact {
			// Whoever brings a contact into step wakes what waits for it: no such link may come into being beside that.
			contacts := scope{number: sc.number, kind: kindCodes[record.Contact]}
			if err := lockForMatch(ctx, tx, contacts); err != nil {
				return err
			}
		}
		if err := lockForMatch(ctx, tx, sc); err != nil {
			return err
		}
		earlier, err := earlierCounts(ctx, tx, sc, m.Epoch)
		if err != nil {
			return err
		}
		if earlier != nil {
			counts = *earlier
			return nil
		}
		if err := checkRead(ctx, tx, sc, m.Epoch); err != nil {
			return err
		}
		run := &matching{ctx: ctx, tx: tx, scope: sc, newOnly: m.NewOnly}
		run.begin()
		if m.Kind == record.Contact {
			run.forgetReviews()
			run.gather()
			for _, tier := range m.Tiers {
				run.tier(tier)
			}
			run.duplicates()
			run.settle()
		} else {
			run.belongings(m.Creates)
		}
		counts = run.count()
		run.remember(m.Epoch, counts)
		return run.err
	})
	if err != nil {
		return record.MatchCounts{}, fmt.Errorf("store: match: %w", err)
	}
	if counts.Pending >= analyzeFrom {
		// Until Postgres has looked at what was added, it takes the tables for empty and plans accordingly. It would
		// look by itself in a minute; that it has not looked is no reason to fail.
		_, _ = s.pool.Exec(ctx, `SELECT analyze_ledger(t) FROM unnest(ARRAY['keys of links', 'pending', 'staged']) AS t`)
	}
	return counts, nil
}

// earlierCounts returns what Match found for the epoch before, nil when it was not called.
func earlierCounts(ctx context.Context, tx pgx.Tx, sc scope, epoch string) (*record.MatchCounts, error) {
	var encoded string
	err := tx.QueryRow(ctx, `
		SELECT cursor FROM cursors
		WHERE connection = $1 AND kind = $2 AND side = 0 AND purpose = $3 AND epoch = $4 AND done`,
		sc.number, sc.kind, purposeMatch, epoch).Scan(&encoded)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var counts record.MatchCounts
	if err := json.Unmarshal([]byte(encoded), &counts); err != nil {
		return nil, fmt.Errorf("read the counts of an earlier call: %w", err)
	}
	return &counts, nil
}

// checkRead holds that both sides are read: with half of a side missing, the other side's records would all seem to
// have no counterpart, and be created a second time.
func checkRead(ctx context.Context, tx pgx.Tx, sc scope, epoch string) error {
	var sides int
	err := tx.QueryRow(ctx, `
		SELECT count(*) FROM cursors
		WHERE connection = $1 AND kind = $2 AND side IN (1, 2) AND purpose = $3 AND epoch = $4 AND done`,
		sc.number, sc.kind, purposeStage, epoch).Scan(&sides)
	if err == nil && sides != len(record.Sides) {
		return record.ErrNotRead
	}
	return err
}

// matching is one run of Match. Its steps do nothing after the first that failed. What they pass on to each other
// lies in temporary tables, so that a million records take no memory here.
type matching struct {
	ctx   context.Context
	tx    pgx.Tx
	scope scope
	// newOnly makes only those links pending that the run makes or changes.
	newOnly bool
	passes  int // how many sets of groups there were, so that their numbers stay apart
	err     error
}

// exec carries out a statement and returns how many rows it concerned.
func (m *matching) exec(sql string, args ...any) int64 {
	if m.err != nil {
		return 0
	}
	tag, err := m.tx.Exec(m.ctx, sql, args...)
	m.err = err
	return tag.RowsAffected()
}

// number carries out a query of one number.
func (m *matching) number(sql string, args ...any) int {
	var n int
	if m.err == nil {
		m.err = m.tx.QueryRow(m.ctx, sql, args...).Scan(&n)
	}
	return n
}

func (m *matching) begin() {
	// Millions of rows are joined and grouped: worth memory for this one transaction, and not worth compiling.
	m.exec(`SET LOCAL work_mem = '64MB'`)
	m.exec(`SET LOCAL maintenance_work_mem = '64MB'`)
	m.exec(`SET LOCAL jit = off`)
	m.exec(`SET LOCAL enable_nestloop = off`)

	// candidates: the staged records. link is the link that holds the record; whole, that it holds both halves, or is
	// parted and so wants no other.
	m.exec(`CREATE TEMP TABLE candidates (
		link bigint, first_name bigint NOT NULL, n integer NOT NULL, side smallint NOT NULL, state smallint,
		excluded boolean NOT NULL, whole boolean NOT NULL, record_id text COLLATE "C" NOT NULL,
		external_keys bigint[], email_keys bigint[], phone_name_keys bigint[]) ON COMMIT DROP`)
	// resolved: the candidates that are out of later tiers.
	m.exec(`CREATE TEMP TABLE resolved (n integer NOT NULL) ON COMMIT DROP`)
	// pairs: one GoHighLevel candidate and one Salesforce candidate that belong together.
	m.exec(`CREATE TEMP TABLE pairs (g integer NOT NULL, s integer NOT NULL) ON COMMIT DROP`)
	// held: candidates that go to review, in which group and why.
	m.exec(`CREATE TEMP TABLE held (n integer NOT NULL, pass integer NOT NULL, label integer NOT NULL,
		reason text NOT NULL) ON COMMIT DROP`)
	// settled: the links of the epoch as they come out, other than those that were whole before. fresh tells that the
	// link is to be made, altered that it has more to sync than before.
	m.exec(`CREATE TEMP TABLE settled (link bigint NOT NULL, g integer, s integer, pass integer, label integer,
		state smallint NOT NULL, fresh boolean NOT NULL, altered boolean NOT NULL, reason text) ON COMMIT DROP`)
	// recalled: the records of links that go with their reviews, and when they changed last.
	m.exec(`CREATE TEMP TABLE recalled (side smallint NOT NULL, record_id text COLLATE "C" NOT NULL,
		changed_at timestamptz NOT NULL) ON COMMIT DROP`)
}

// forgetReviews ends the reviews of earlier matchings that nobody decided. Their links go too, unless they hold more than
// the record. The rows stay, so that the runs that wait can be told. What a vendor refused of a link that holds both
// records is not for matching to decide: it would be in review without one.
func (m *matching) forgetReviews() {
	reasons := []string{record.ReviewAmbiguousMatch, record.ReviewNamesakes, record.ReviewDuplicateRefused}
	m.exec(`
		INSERT INTO recalled
		SELECT x.side, x.record_id, p.changed_at
		FROM (
			SELECT DISTINCT unnest(link_ids) AS id FROM reviews
			WHERE connection = $1 AND kind = $2 AND decided_at IS NULL AND reason = ANY($3)) f
		JOIN pending p ON p.link_id = f.id JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.id = f.id
		CROSS JOIN LATERAL (VALUES (1, l.gohighlevel_id), (2, l.salesforce_id)) AS x (side, record_id)
		WHERE p.changed_at IS NOT NULL AND x.record_id IS NOT NULL`, m.scope.number, m.scope.kind, reasons)
	m.exec(`
		WITH forgotten AS (
			UPDATE reviews r SET decided_at = clock_timestamp(), decided_by = $3
			WHERE connection = $1 AND kind = $2 AND decided_at IS NULL AND reason = ANY($4)
			  AND NOT (cardinality(link_ids) = 1 AND EXISTS (
				SELECT FROM links l WHERE l.connection = $1 AND l.kind = $2 AND l.id = r.link_ids[1] AND l.state = 3
				   AND l.gohighlevel_id IS NOT NULL AND l.salesforce_id IS NOT NULL))
			RETURNING link_ids)
		DELETE FROM links l USING (SELECT DISTINCT unnest(link_ids) AS id FROM forgotten) f
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = f.id AND l.state = 3
		  AND (l.gohighlevel_id IS NULL OR l.salesforce_id IS NULL) AND l.base IS NULL
		  AND NOT EXISTS (SELECT FROM intents i WHERE i.link_id = l.id)`,
		m.scope.number, m.scope.kind, byMatching, reasons)
}

// gather numbers the staged records and finds the links that hold them.
func (m *matching) gather() {
	// Both were just filled, and the plans of everything that follows depend on how large they are.
	m.exec(`SELECT analyze_ledger('staged')`)
	m.exec(`SELECT analyze_ledger('links')`)
	for _, side := range []struct {
		code       int16
		own, other string
	}{
		{codeGoHighLevel, "gohighlevel_id", "salesforce_id"},
		{codeSalesforce, "salesforce_id", "gohighlevel_id"},
	} {
		before := m.number(`SELECT count(*) FROM candidates`)
		m.exec(`
			INSERT INTO candidates
			SELECT l.id, st.first_name_key, row_number() OVER () + $4, st.side, l.state, st.excluded,
			       w.whole, st.record_id,
			       CASE WHEN NOT w.whole THEN st.external_keys END,
			       CASE WHEN NOT w.whole THEN st.email_keys END,
			       CASE WHEN NOT w.whole THEN st.phone_name_keys END
			FROM staged st
			LEFT JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.`+side.own+` = st.record_id
			CROSS JOIN LATERAL (SELECT l.`+side.other+` IS NOT NULL OR coalesce(l.state = 7, false) AS whole) w
			WHERE st.connection = $1 AND st.kind = $2 AND st.side = $3`,
			m.scope.number, m.scope.kind, side.code, before)
	}
	m.exec(`ANALYZE candidates`)
}

// duplicates sends to review what of one side shares an e-mail address and found no counterpart: the other side
// would refuse the second of them, or merge two people.
func (m *matching) duplicates() {
	keys := tierKeys[record.MatchEmail]
	for _, among := range []string{`c.side = 1 AND NOT c.excluded`, `c.side = 2 AND NOT c.excluded`} {
		m.hits(keys, among)
		m.exec(`CREATE TEMP TABLE open_keys ON COMMIT DROP AS SELECT key FROM hits`)
		if m.label(keys, among) {
			m.exec(`INSERT INTO held SELECT n, $1, label, $2 FROM labels`, m.passes, record.ReviewAmbiguousMatch)
			m.exec(`INSERT INTO resolved SELECT n FROM labels`)
			m.exec(`DROP TABLE labels`)
		}
		m.exec(`DROP TABLE hits, open_keys`)
	}
}

// count counts the links of the epoch.
func (m *matching) count() record.MatchCounts {
	var c record.MatchCounts
	if m.err != nil {
		return c
	}
	m.err = m.tx.QueryRow(m.ctx, `
		WITH outcome AS (
			SELECT state, g IS NOT NULL AND s IS NOT NULL AS whole, g IS NOT NULL AS gohighlevel FROM settled
			UNION ALL
			SELECT state, true, true FROM known)
		SELECT count(*) FILTER (WHERE whole AND state NOT IN (3, 5, 7)),
		       count(*) FILTER (WHERE NOT whole AND gohighlevel AND state NOT IN (3, 5, 7)),
		       count(*) FILTER (WHERE NOT whole AND NOT gohighlevel AND state NOT IN (3, 5, 7)),
		       count(*) FILTER (WHERE state = 3),
		       count(*) FILTER (WHERE state IN (5, 7)),
		       (SELECT count(*) FROM due)
		FROM outcome`).Scan(&c.Linked, &c.OnlyGoHighLevel, &c.OnlySalesforce, &c.InReview, &c.Excluded, &c.Pending)
	return c
}

// remember keeps the counts for a call that repeats this one.
func (m *matching) remember(epoch string, counts record.MatchCounts) {
	encoded, err := json.Marshal(counts)
	if err != nil && m.err == nil {
		m.err = err
	}
	m.exec(`
		INSERT INTO cursors (connection, kind, side, purpose, epoch, cursor, done) VALUES ($1, $2, 0, $3, $4, $5, true)
		ON CONFLICT (connection, kind, side, purpose) DO UPDATE
		SET epoch = excluded.epoch, cursor = excluded.cursor, done = true, begun_at = excluded.begun_at`,
		m.scope.number, m.scope.kind, purposeMatch, epoch, string(encoded))
}
