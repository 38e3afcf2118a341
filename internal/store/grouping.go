package store

import (
	"fmt"

	"github.com/tandem-sync/tandem/internal/record"
)

// tierKeys names the keys by which each tier recognises records.
var tierKeys = map[record.MatchTier]string{
	record.MatchExternalID:   "external_keys",
	record.MatchEmail:        "email_keys",
	record.MatchPhoneAndName: "phone_name_keys",
}

// tier groups what the earlier tiers left: first without the excluded records, then what is left of the others with
// them.
func (m *matching) tier(tier record.MatchTier) {
	m.group(tier, `NOT c.excluded`)
	if m.number(`SELECT count(*) FROM (SELECT FROM candidates WHERE excluded AND NOT whole LIMIT 1) x`) > 0 {
		m.group(tier, `true`)
	}
}

// group carries out one tier over the candidates that fit the condition.
func (m *matching) group(tier record.MatchTier, among string) {
	keys := tierKeys[tier]
	m.hits(keys, among)

	// Keys that one record of either side shares, and nobody else, make couples. A couple stands when neither of the
	// two is in another couple or shares a key otherwise. This settles nearly everything without following chains.
	m.exec(`
		CREATE TEMP TABLE couples ON COMMIT DROP AS
		SELECT g, s, count(*) OVER (PARTITION BY g) AS of_g, count(*) OVER (PARTITION BY s) AS of_s
		FROM (SELECT DISTINCT g, s FROM hits WHERE members = 2 AND g IS NOT NULL AND s IS NOT NULL) d`)
	m.exec(`
		CREATE TEMP TABLE crowded ON COMMIT DROP AS
		SELECT DISTINCT c.n FROM candidates c CROSS JOIN unnest(c.` + keys + `) AS k (key)
		JOIN hits h ON h.key = k.key AND (h.members > 2 OR h.g IS NULL OR h.s IS NULL)
		WHERE ` + m.candidate(among))
	m.exec(`ANALYZE couples`)
	m.exec(`ANALYZE crowded`)
	m.exec(`
		CREATE TEMP TABLE standing ON COMMIT DROP AS
		SELECT g, s FROM couples c WHERE of_g = 1 AND of_s = 1
		  AND NOT EXISTS (SELECT FROM crowded x WHERE x.n = c.g) AND NOT EXISTS (SELECT FROM crowded x WHERE x.n = c.s)`)
	m.exec(`ANALYZE standing`)
	m.exec(`
		CREATE TEMP TABLE open_keys ON COMMIT DROP AS
		SELECT h.key FROM hits h
		WHERE h.members > 2 OR h.g IS NULL OR h.s IS NULL
		   OR NOT EXISTS (SELECT FROM standing t WHERE t.g = h.g AND t.s = h.s)`)
	if m.label(keys, among) {
		// Groups on one side wait for a later tier; so do those of which every record is excluded.
		m.exec(`
			CREATE TEMP TABLE mixed ON COMMIT DROP AS
			SELECT t.label FROM labels t JOIN candidates c ON c.n = t.n
			GROUP BY t.label HAVING count(DISTINCT c.side) = 2 AND NOT bool_and(c.excluded)`)
		m.exec(`
			WITH members AS (
				INSERT INTO held SELECT t.n, $1, t.label, $2 FROM labels t JOIN mixed x ON x.label = t.label RETURNING n)
			INSERT INTO resolved SELECT n FROM members`, m.passes, record.ReviewAmbiguousMatch)
		m.exec(`DROP TABLE labels, mixed`)
	}
	m.couple(tier)
	m.exec(`DROP TABLE hits, couples, crowded, standing, open_keys`)
	m.exec(`ANALYZE resolved`)
}

// couple takes what stands: as pairs, or to review where a phone is shared by two people of one family.
func (m *matching) couple(tier record.MatchTier) {
	namesakes := `false`
	if tier == record.MatchPhoneAndName {
		namesakes = `g.first_name <> 0 AND s.first_name <> 0 AND g.first_name <> s.first_name`
	}
	m.exec(`
		CREATE TEMP TABLE judged ON COMMIT DROP AS
		SELECT t.g, t.s, ` + namesakes + ` AS namesakes
		FROM standing t JOIN candidates g ON g.n = t.g JOIN candidates s ON s.n = t.s
		WHERE NOT (g.excluded AND s.excluded)`)
	m.exec(`INSERT INTO pairs SELECT g, s FROM judged WHERE NOT namesakes`)
	m.passes++
	m.exec(`
		INSERT INTO held
		SELECT x.n, $1, j.g, $2 FROM judged j CROSS JOIN LATERAL (VALUES (j.g), (j.s)) AS x (n) WHERE j.namesakes`,
		m.passes, record.ReviewNamesakes)
	m.exec(`INSERT INTO resolved SELECT x.n FROM judged j CROSS JOIN LATERAL (VALUES (j.g), (j.s)) AS x (n)`)
	m.exec(`DROP TABLE judged`)
}

// candidate is the condition under which a candidate still takes part.
func (m *matching) candidate(among string) string {
	return `NOT c.whole AND ` + among + ` AND NOT EXISTS (SELECT FROM resolved r WHERE r.n = c.n)`
}

// hits makes the table of the keys that several candidates share. g and s are a candidate of each side that has the
// key, the only one where there is one.
func (m *matching) hits(keys, among string) {
	m.exec(fmt.Sprintf(`
		CREATE TEMP TABLE hits ON COMMIT DROP AS
		SELECT k.key, count(*) AS members, min(c.n) FILTER (WHERE c.side = 1) AS g, min(c.n) FILTER (WHERE c.side = 2) AS s
		FROM candidates c CROSS JOIN unnest(c.%s) AS k (key)
		WHERE %s GROUP BY k.key HAVING count(*) > 1`, keys, m.candidate(among)))
	m.exec(`ANALYZE hits`)
}

// label makes the table of groups: candidates that are connected by open_keys, directly or through others, get the
// same label. It tells whether there are any; else there is no table.
//
// Each round hangs every tree under the smallest label that any of its members can see, then flattens the trees. As
// of neighbouring trees all but the smallest are hung, their number at least halves: a chain of a million records
// takes twenty rounds, not a million.
func (m *matching) label(keys, among string) bool {
	if m.number(`SELECT count(*) FROM (SELECT FROM open_keys LIMIT 1) x`) == 0 {
		return false
	}
	m.passes++
	m.exec(`ANALYZE open_keys`)
	m.exec(`
		CREATE TEMP TABLE edges ON COMMIT DROP AS
		SELECT c.n, k.key FROM candidates c CROSS JOIN unnest(c.` + keys + `) AS k (key)
		JOIN open_keys o ON o.key = k.key WHERE ` + m.candidate(among))
	m.exec(`CREATE TEMP TABLE labels ON COMMIT DROP AS SELECT DISTINCT n, n AS label FROM edges`)
	m.exec(`CREATE UNIQUE INDEX ON labels (n)`)
	m.exec(`ANALYZE edges`)
	m.exec(`ANALYZE labels`)
	for m.err == nil {
		hung := m.exec(`
			WITH seen AS (
				SELECT e.key, min(t.label) AS label FROM edges e JOIN labels t ON t.n = e.n GROUP BY e.key),
			least AS (
				SELECT t.label AS root, min(x.label) AS label
				FROM edges e JOIN seen x ON x.key = e.key JOIN labels t ON t.n = e.n GROUP BY t.label)
			UPDATE labels t SET label = l.label FROM least l WHERE t.n = l.root AND l.label < t.label`)
		if hung == 0 {
			break
		}
		for m.exec(`
			UPDATE labels t SET label = up.label FROM labels up WHERE up.n = t.label AND up.label < t.label`) > 0 {
		}
	}
	m.exec(`DROP TABLE edges`)
	return true
}
