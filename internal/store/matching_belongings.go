package store

import (
	"fmt"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// belongings matches tasks, notes or appointments: first by the links that exist, then by the ids and marks that records
// carry, then, among those of one contact, by what they say; of several that say the same the n-th oldest of one side goes
// with the n-th oldest of the other, so that nobody has to be asked. The rest become links of one half. What belongs to a
// contact that is not in step, and what the rules do not make on the other side, is left out.
func (m *matching) belongings(creates []record.Side) {
	m.gather()
	m.gatherBelongings()
	m.pair(`
		SELECT g, s FROM (
			SELECT g, s, count(*) OVER (PARTITION BY g) AS of_g, count(*) OVER (PARTITION BY s) AS of_s
			FROM (SELECT DISTINCT g, s FROM (
				SELECT min(c.n) FILTER (WHERE c.side = 1) AS g, min(c.n) FILTER (WHERE c.side = 2) AS s
				FROM candidates c CROSS JOIN unnest(c.external_keys) AS k (key) WHERE ` + m.candidate(`true`) + `
				GROUP BY k.key HAVING count(*) FILTER (WHERE c.side = 1) = 1 AND count(*) FILTER (WHERE c.side = 2) = 1) k) d) p
		WHERE of_g = 1 AND of_s = 1`)
	for _, among := range []string{`NOT c.excluded`, `true`} {
		for shown := range record.Sides {
			m.pair(fmt.Sprintf(`
				WITH ranked AS (
					SELECT c.n, c.side, b.owner, b.contents[%d] AS key,
					       row_number() OVER (PARTITION BY c.side, b.owner, b.contents[%[1]d] ORDER BY b.created_at, c.record_id) AS nth
					FROM candidates c JOIN belongings b ON b.n = c.n
					WHERE b.owner IS NOT NULL AND b.contents[%[1]d] <> 0 AND %s)
				SELECT g.n AS g, s.n AS s FROM ranked g JOIN ranked s ON s.owner = g.owner AND s.key = g.key AND s.nth = g.nth
				WHERE g.side = 1 AND s.side = 2`, shown+1, m.candidate(among)))
		}
	}
	m.known()
	m.settlePairs()
	m.settleHalves(creates)
	m.exec(`ANALYZE settled`)
	m.writeLinks()
	m.writeOwners()
	m.writePending()
}

// gatherBelongings makes the table of whom the candidates belong to: owner is the contact's link, where it is in step.
func (m *matching) gatherBelongings() {
	// Halves that wait for a person, or for what becomes of their lost other half, want no other one.
	m.exec(`
		UPDATE candidates c SET whole = true FROM links l
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = c.link AND NOT c.whole
		  AND (l.state = 3 OR l.state <> 6 AND l.base IS NOT NULL AND l.problem <> $3)`,
		m.scope.number, m.scope.kind, record.ProblemWithdrawn)
	m.exec(`
		CREATE TEMP TABLE belongings (n integer NOT NULL, owner bigint, created_at timestamptz,
			gohighlevel text COLLATE "C", salesforce text COLLATE "C", contents bigint[]) ON COMMIT DROP`)
	for _, side := range record.Sides {
		m.exec(`
			INSERT INTO belongings
			SELECT c.n, o.id, st.created_at,
			       CASE WHEN o.id IS NOT NULL THEN o.gohighlevel_id WHEN c.side = 1 THEN st.contact ELSE '' END,
			       CASE WHEN o.id IS NOT NULL THEN o.salesforce_id WHEN c.side = 2 THEN st.contact ELSE '' END, st.content_keys
			FROM candidates c
			JOIN staged st ON st.connection = $1 AND st.kind = $2 AND st.side = c.side AND st.record_id = c.record_id
			LEFT JOIN links o ON o.connection = $1 AND o.kind = $3 AND o.`+recordColumn[side]+` = nullif(st.contact, '')
			                 AND o.`+recordColumn[side.Other()]+` IS NOT NULL AND `+openContact+`
			WHERE c.side = $4`, m.scope.number, m.scope.kind, kindCodes[record.Contact], sideCodes[side])
	}
	m.exec(`ANALYZE belongings`)
	// What was left out for another reason than the rules' stays so; what waited for its contact waits until that is there.
	m.exec(`
		UPDATE candidates c SET excluded = true FROM links l, belongings b
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = c.link AND b.n = c.n AND c.whole AND l.state = 5
		  AND (l.problem = $3 AND b.owner IS NULL OR l.problem NOT IN ('', $3))`,
		m.scope.number, m.scope.kind, record.ProblemNoContact)
}

// openContact is the condition under which a contact's link, as o, is one that both sides know.
const openContact = `o.state NOT IN (6, 7)`

// pair takes pairs, but for those of which both records are left out, and keeps them from later passes.
func (m *matching) pair(found string) {
	m.exec(`ANALYZE resolved`)
	m.exec(`
		WITH found AS MATERIALIZED (` + found + `),
		taken AS (
			INSERT INTO pairs SELECT f.g, f.s FROM found f JOIN candidates g ON g.n = f.g JOIN candidates s ON s.n = f.s
			WHERE NOT (g.excluded AND s.excluded) RETURNING g, s)
		INSERT INTO resolved SELECT x.n FROM taken t CROSS JOIN LATERAL (VALUES (t.g), (t.s)) AS x (n)`)
}

// settleHalves keeps what found no other half: to be made there, or left out.
func (m *matching) settleHalves(creates []record.Side) {
	m.exec(`
		INSERT INTO settled (link, g, s, state, fresh, altered, reason)
		SELECT coalesce(link, nextval('links_id_seq')), g, s, state, link IS NULL, state IS DISTINCT FROM before,
		       CASE WHEN state = 5 AND NOT excluded THEN reason END
		FROM (SELECT x.*, CASE WHEN excluded OR reason <> '' OR side = ANY($3) THEN 5
		                       WHEN before IS NULL OR before IN (5, 6) THEN 1 ELSE before END::smallint AS state
		      FROM (SELECT c.link, c.side, c.state AS before, c.excluded, c.record_id,
		                   CASE WHEN c.side = 1 THEN c.n END AS g, CASE WHEN c.side = 2 THEN c.n END AS s,
		                   CASE WHEN b.owner IS NULL THEN $4 WHEN l.state = 5 AND l.problem <> $4 THEN l.problem ELSE '' END AS reason
		            FROM candidates c JOIN belongings b ON b.n = c.n
		            LEFT JOIN links l ON l.connection = $1 AND l.kind = $2 AND l.id = c.link
		            WHERE NOT c.whole AND NOT EXISTS (SELECT FROM resolved r WHERE r.n = c.n)) x
		      ORDER BY side, record_id) y`,
		m.scope.number, m.scope.kind, staySingle(creates), record.ProblemNoContact)
}

// staySingle returns the sides whose records get no other half.
func staySingle(creates []record.Side) []int16 {
	out := []int16{}
	for _, side := range record.Sides {
		if !slices.Contains(creates, side.Other()) {
			out = append(out, sideCodes[side])
		}
	}
	return out
}

// writeOwners notes whom the records belong to.
func (m *matching) writeOwners() {
	m.exec(`
		INSERT INTO contact_of AS o (link_id, connection, kind, gohighlevel_id, salesforce_id)
		SELECT t.link, $1, $2, coalesce(nullif(g.gohighlevel, ''), s.gohighlevel, ''), coalesce(nullif(g.salesforce, ''), s.salesforce, '')
		FROM settled t LEFT JOIN belongings g ON g.n = t.g LEFT JOIN belongings s ON s.n = t.s ORDER BY t.link
		ON CONFLICT (link_id) DO UPDATE SET gohighlevel_id = coalesce(nullif(excluded.gohighlevel_id, ''), o.gohighlevel_id),
		                                    salesforce_id = coalesce(nullif(excluded.salesforce_id, ''), o.salesforce_id)`,
		m.scope.number, m.scope.kind)
}
