package store

// settle turns pairs, groups and what is left into links, reviews and pending changes.
func (m *matching) settle() {
	m.known()
	m.settlePairs()
	m.settleHeld()
	m.settleSingles()
	m.exec(`ANALYZE settled`)
	m.writeLinks()
	m.writeReviews()
	m.writePending()
}

// known makes the table of the links that were whole before, with the state that the filter gives them.
func (m *matching) known() {
	m.exec(`
		CREATE TEMP TABLE known ON COMMIT DROP AS
		SELECT link, CASE WHEN state IN (3, 7) THEN state WHEN excluded THEN 5 WHEN state = 5 THEN 1 ELSE state END::smallint AS state,
		       state AS before
		FROM (SELECT link, min(state) AS state, bool_or(excluded) AS excluded FROM candidates WHERE whole GROUP BY link) w`)
	m.exec(`ANALYZE known`)
	m.exec(`
		UPDATE links l SET state = k.state FROM known k
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = k.link AND k.state <> k.before`,
		m.scope.number, m.scope.kind)
}

// settlePairs completes the link that one of the two has already, the one with an open create where both have one;
// the other such link goes, and its journal with the one that stays. New links get their ids in the order of the
// GoHighLevel ids: that keeps the index of those dense.
func (m *matching) settlePairs() {
	m.exec(`
		CREATE TEMP TABLE joined ON COMMIT DROP AS
		SELECT p.g, p.s, g.record_id AS gohighlevel_id, s.record_id AS salesforce_id, g.link AS of_g, s.link AS of_s,
		       CASE WHEN g.link IS NULL OR s.link IS NULL THEN coalesce(g.link, s.link)
		            WHEN ig.link_id IS NULL AND si.link_id IS NOT NULL THEN s.link ELSE g.link END AS keep,
		       CASE WHEN g.excluded OR s.excluded THEN 5 ELSE 1 END::smallint AS state
		FROM pairs p JOIN candidates g ON g.n = p.g JOIN candidates s ON s.n = p.s
		LEFT JOIN intents ig ON ig.connection = $1 AND ig.kind = $2 AND ig.link_id = g.link
		LEFT JOIN intents si ON si.connection = $1 AND si.kind = $2 AND si.link_id = s.link`,
		m.scope.number, m.scope.kind)
	m.exec(`ANALYZE joined`)
	m.exec(`
		CREATE TEMP TABLE given_up ON COMMIT DROP AS
		SELECT keep, CASE WHEN keep = of_g THEN of_s ELSE of_g END AS link FROM joined
		WHERE of_g IS NOT NULL AND of_s IS NOT NULL`)
	m.exec(`ANALYZE given_up`)
	if m.number(`SELECT count(*) FROM given_up`) > 0 {
		m.exec(`
			UPDATE journal j SET link_id = x.keep FROM given_up x WHERE j.connection = $1 AND j.link_id = x.link`,
			m.scope.number)
		// With when it changed: what is staged of its record may be older.
		m.exec(`
			INSERT INTO pending AS p (link_id, connection, kind, changed_at)
			SELECT x.keep, g.connection, g.kind, g.changed_at FROM given_up x JOIN pending g ON g.link_id = x.link ORDER BY x.keep
			ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1, changed_at = greatest(p.changed_at, excluded.changed_at)`)
		m.exec(`
			DELETE FROM links l USING given_up x WHERE l.connection = $1 AND l.kind = $2 AND l.id = x.link`,
			m.scope.number, m.scope.kind)
	}
	m.exec(`
		UPDATE links l
		SET gohighlevel_id = j.gohighlevel_id, salesforce_id = j.salesforce_id, state = j.state, problem = ''
		FROM joined j WHERE l.connection = $1 AND l.kind = $2 AND l.id = j.keep`,
		m.scope.number, m.scope.kind)
	m.exec(`
		INSERT INTO settled (link, g, s, state, fresh, altered)
		SELECT coalesce(keep, nextval('links_id_seq')), g, s, state, keep IS NULL, true
		FROM (SELECT * FROM joined ORDER BY gohighlevel_id) j`)
}

func (m *matching) settleHeld() {
	m.exec(`ANALYZE held`)
	m.exec(`
		INSERT INTO settled (link, g, s, pass, label, state, fresh, altered, reason)
		SELECT coalesce(link, nextval('links_id_seq')), g, s, pass, label, 3, link IS NULL, true, reason
		FROM (SELECT c.link, CASE WHEN c.side = 1 THEN c.n END AS g, CASE WHEN c.side = 2 THEN c.n END AS s,
		             h.pass, h.label, h.reason
		      FROM held h JOIN candidates c ON c.n = h.n ORDER BY h.pass, h.label, c.side, c.record_id) x`)
}

func (m *matching) settleSingles() {
	m.exec(`
		INSERT INTO settled (link, g, s, state, fresh, altered)
		SELECT coalesce(link, nextval('links_id_seq')), g, s, state, link IS NULL, state IS DISTINCT FROM before
		FROM (SELECT c.link, c.state AS before, CASE WHEN c.side = 1 THEN c.n END AS g, CASE WHEN c.side = 2 THEN c.n END AS s,
		             CASE WHEN c.excluded THEN 5 WHEN c.state IS NULL OR c.state IN (3, 5, 6) THEN 1 ELSE c.state END AS state
		      FROM candidates c
		      WHERE NOT c.whole AND NOT EXISTS (SELECT FROM resolved r WHERE r.n = c.n)
		      ORDER BY c.side, c.record_id) x`)
}

// roomFrom is how many fresh links are worth a change of the table's fill factor, which waits for a vacuum to end.
const roomFrom = 1000

// writeLinks inserts what is fresh, and gives links of one half that were there before the state they come to.
//
// Every fresh link will soon be written again, with a base that makes it two and a half times as long. Many are
// therefore laid out with room for that on their page: the second version then stays where the first one was, and no
// index has to hold both. Once they have grown, the pages are full.
func (m *matching) writeLinks() {
	spread := m.number(`SELECT count(*) FROM settled WHERE fresh`) >= roomFrom
	if spread {
		m.exec(`SELECT lay_out_links(with_room => true)`)
	}
	// First the update: it is planned by the statistics from before the new links.
	m.exec(`
		UPDATE links l SET state = t.state, problem = CASE WHEN t.state = 4 THEN l.problem ELSE coalesce(t.reason, '') END
		FROM settled t
		WHERE l.connection = $1 AND l.kind = $2 AND l.id = t.link AND NOT t.fresh
		  AND (l.state, l.problem) IS DISTINCT FROM (t.state, CASE WHEN t.state = 4 THEN l.problem ELSE coalesce(t.reason, '') END)`,
		m.scope.number, m.scope.kind)
	m.exec(`
		INSERT INTO links (id, connection, kind, state, gohighlevel_id, salesforce_id, problem)
		OVERRIDING SYSTEM VALUE
		SELECT t.link, $1, $2, t.state, g.record_id, s.record_id, coalesce(t.reason, '')
		FROM settled t LEFT JOIN candidates g ON g.n = t.g LEFT JOIN candidates s ON s.n = t.s
		WHERE t.fresh ORDER BY t.link`, m.scope.number, m.scope.kind)
	if spread {
		m.exec(`SELECT lay_out_links(with_room => false)`)
	}
}

func (m *matching) writeReviews() {
	m.exec(`
		INSERT INTO reviews (connection, kind, reason, link_ids)
		SELECT $1, $2, min(reason), array_agg(link ORDER BY link) FROM settled WHERE pass IS NOT NULL
		GROUP BY pass, label ORDER BY pass, label`, m.scope.number, m.scope.kind)
}

// writePending makes pending what is to be synced, and ends what is pending of the rest; only a change that came after
// the records were read may yet bring an excluded link back, and pairs that wait for a person go on hearing of changes.
func (m *matching) writePending() {
	due := `true`
	if m.newOnly {
		due = `altered`
	}
	m.exec(`
		DELETE FROM pending p USING (SELECT link, state, true AS placed FROM settled UNION ALL SELECT link, state, false FROM known) t
		WHERE p.link_id = t.link AND (t.state = 3 AND t.placed OR t.state = 5 AND coalesce(p.changed_at < (
			SELECT min(begun_at) FROM cursors
			WHERE connection = $1 AND kind = $2 AND purpose = $3), true))`,
		m.scope.number, m.scope.kind, purposeStage)
	m.exec(`
		CREATE TEMP TABLE due ON COMMIT DROP AS
		SELECT link FROM (
			SELECT link, state, altered FROM settled UNION ALL SELECT link, state, state <> before FROM known) t
		WHERE state NOT IN (3, 5, 7) AND ` + due)
	m.exec(`
		INSERT INTO pending AS p (link_id, connection, kind)
		SELECT link, $1, $2 FROM due ORDER BY link
		ON CONFLICT (link_id) DO UPDATE SET marked = p.marked + 1`, m.scope.number, m.scope.kind)
	m.recall()
}

// recall gives the changes of records whose links were forgotten to the links that hold them now: what is staged of them
// may be older. A record that no link holds changed after its side was read, or is gone: it is announced.
func (m *matching) recall() {
	if m.number(`SELECT count(*) FROM recalled`) == 0 {
		return
	}
	m.exec(`ANALYZE recalled`)
	m.exec(`
		CREATE TEMP TABLE found ON COMMIT DROP AS
		SELECT r.*, l.id AS link, l.state FROM recalled r LEFT JOIN links l
		  ON l.connection = $1 AND l.kind = $2 AND l.gohighlevel_id = r.record_id WHERE r.side = 1
		UNION ALL
		SELECT r.*, l.id AS link, l.state FROM recalled r LEFT JOIN links l
		  ON l.connection = $1 AND l.kind = $2 AND l.salesforce_id = r.record_id WHERE r.side = 2`, m.scope.number, m.scope.kind)
	const since = `changed_at >= (SELECT min(begun_at) FROM cursors WHERE connection = $1 AND kind = $2 AND purpose = $3)`
	m.exec(`
		INSERT INTO pending AS p (link_id, connection, kind, changed_at)
		SELECT link, $1, $2, max(changed_at) FROM found
		WHERE state NOT IN (3, 5, 7) OR state = 5 AND `+since+` GROUP BY link ORDER BY link
		ON CONFLICT (link_id) DO UPDATE SET changed_at = greatest(p.changed_at, excluded.changed_at)`,
		m.scope.number, m.scope.kind, purposeStage)
	m.exec(`
		INSERT INTO announced AS a (connection, kind, side, record_id, only_linked)
		SELECT DISTINCT $1::integer, $2::smallint, side, record_id, false FROM found WHERE link IS NULL AND `+since+` ORDER BY 3, 4
		ON CONFLICT (connection, kind, side, record_id) DO UPDATE SET only_linked = false`,
		m.scope.number, m.scope.kind, purposeStage)
}
