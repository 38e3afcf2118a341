package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/record"
)

// The purposes of cursors.
const (
	purposeStage = "stage" // a side is read into staged
	purposeMatch = "match" // both sides are matched; the cursor holds the counts
)

// BeginStaging prepares to read a side under an epoch. The first call for an epoch forgets what earlier epochs staged
// of that side; later calls return how far StagePage got.
func (s *Store) BeginStaging(ctx context.Context, k record.StageKey) (record.StageState, error) {
	sc, side, err := s.stageScope(ctx, k)
	if err != nil {
		return record.StageState{}, err
	}
	var state record.StageState
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// A matching that runs reads what this is about to forget.
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		var fresh bool
		err := tx.QueryRow(ctx, `
			INSERT INTO cursors AS c (connection, kind, side, purpose, epoch) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (connection, kind, side, purpose) DO UPDATE
			SET epoch = excluded.epoch,
			    cursor = CASE WHEN c.epoch = excluded.epoch THEN c.cursor ELSE '' END,
			    done = c.done AND c.epoch = excluded.epoch,
			    count = CASE WHEN c.epoch = excluded.epoch THEN c.count ELSE 0 END,
			    begun_at = CASE WHEN c.epoch = excluded.epoch THEN c.begun_at ELSE clock_timestamp() END
			RETURNING cursor, done, count, cursor = '' AND NOT done`,
			sc.number, sc.kind, side, purposeStage, k.Epoch).Scan(&state.Cursor, &state.Done, &state.Count, &fresh)
		if err != nil || !fresh {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM staged WHERE connection = $1 AND kind = $2 AND side = $3`,
			sc.number, sc.kind, side)
		return err
	})
	if err != nil {
		return record.StageState{}, fmt.Errorf("store: begin to stage: %w", err)
	}
	return state, nil
}

// StagePage stores one page of records and moves the cursor from one value to the next. A page whose from is not the
// stored cursor was staged already and changes nothing. Of a record that is read twice under an epoch, the later
// reading counts. It fails with record.ErrFenced where the side is being read under another epoch by now.
func (s *Store) StagePage(ctx context.Context, k record.StageKey, from string, page []record.Staged, to record.StageState) error {
	sc, side, err := s.stageScope(ctx, k)
	if err != nil {
		return err
	}
	if to.Cursor == from && !to.Done {
		return errors.New("store: stage a page: the cursor does not move")
	}
	rows := newStagedRows(page)
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var epoch, cursor string
		var done bool
		err := tx.QueryRow(ctx, `
			SELECT epoch, cursor, done FROM cursors
			WHERE connection = $1 AND kind = $2 AND side = $3 AND purpose = $4 FOR UPDATE`,
			sc.number, sc.kind, side, purposeStage).Scan(&epoch, &cursor, &done)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return record.ErrFenced
		case err != nil:
			return err
		case epoch != k.Epoch:
			return record.ErrFenced
		case done || cursor != from:
			return nil
		}
		if err := rows.insert(ctx, tx, sc, side, k.Epoch); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE cursors SET cursor = $5, done = $6, count = $7
			WHERE connection = $1 AND kind = $2 AND side = $3 AND purpose = $4`,
			sc.number, sc.kind, side, purposeStage, to.Cursor, to.Done, to.Count)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: stage a page: %w", err)
	}
	return nil
}

// Unstage forgets what is staged of a connection and kind, and how far its readings came.
func (s *Store) Unstage(ctx context.Context, connection string, kind record.Kind) error {
	sc, err := s.scope(ctx, connection, kind)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if err := lockAgainstMatch(ctx, tx, sc); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM cursors WHERE connection = $1 AND kind = $2 AND purpose = $3`,
			sc.number, sc.kind, purposeStage)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM staged WHERE connection = $1 AND kind = $2`, sc.number, sc.kind)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: unstage: %w", err)
	}
	return nil
}

func (s *Store) stageScope(ctx context.Context, k record.StageKey) (sc scope, side int16, err error) {
	if side, err = sideCode(k.Side); err != nil {
		return scope{}, 0, err
	}
	if k.Epoch == "" {
		return scope{}, 0, errors.New("store: an epoch needs a name")
	}
	sc, err = s.scope(ctx, k.Connection, k.Kind)
	return sc, side, err
}

// stagedRows is a page by columns, for one statement.
type stagedRows struct {
	ids                           []string
	readAt                        []time.Time
	modifiedAt                    []*time.Time
	firstNames                    []int64
	excluded                      []bool
	external, emails, phonesNames []string
	contacts, contents            []string
	createdAt                     []*time.Time
	bodies                        [][]byte
}

// newStagedRows takes the last of several readings of a record, in the order of the ids: transactions that write the
// same rows then never wait for each other in a circle.
func newStagedRows(page []record.Staged) *stagedRows {
	last := make(map[string]int, len(page))
	for i, r := range page {
		last[r.ID] = i
	}
	ids := make([]string, 0, len(last))
	for id := range last {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rows := &stagedRows{ids: ids}
	for _, id := range ids {
		r := page[last[id]]
		rows.readAt = append(rows.readAt, r.ReadAt)
		rows.modifiedAt = append(rows.modifiedAt, nilTime(r.ModifiedAt))
		rows.firstNames = append(rows.firstNames, r.Keys.FirstName)
		rows.excluded = append(rows.excluded, r.Excluded)
		rows.external = append(rows.external, keyArray(r.Keys.External))
		rows.emails = append(rows.emails, keyArray(r.Keys.Emails))
		rows.phonesNames = append(rows.phonesNames, keyArray(r.Keys.PhoneNames))
		rows.contacts = append(rows.contacts, r.Contact)
		rows.contents = append(rows.contents, inOrder(r.Keys.Contents))
		rows.createdAt = append(rows.createdAt, nilTime(r.CreatedAt))
		rows.bodies = append(rows.bodies, notNil(r.Body))
	}
	return rows
}

func (r *stagedRows) insert(ctx context.Context, tx pgx.Tx, sc scope, side int16, epoch string) error {
	if len(r.ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO staged (connection, kind, side, epoch, record_id, read_at, modified_at, first_name_key, excluded,
		                    external_keys, email_keys, phone_name_keys, contact, content_keys, created_at, body)
		SELECT $1, $2, $3, $4, p.id, p.read_at, p.modified_at, p.first_name, p.excluded,
		       p.external::bigint[], p.emails::bigint[], p.phone_names::bigint[], p.contact,
		       p.contents::bigint[], p.created_at, p.body
		FROM unnest($5::text[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::boolean[], $10::text[],
		            $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::bytea[])
		     AS p (id, read_at, modified_at, first_name, excluded, external, emails, phone_names, contact, contents, created_at, body)
		ON CONFLICT (connection, kind, side, record_id) DO UPDATE
		SET epoch = excluded.epoch, read_at = excluded.read_at, modified_at = excluded.modified_at,
		    first_name_key = excluded.first_name_key, excluded = excluded.excluded,
		    external_keys = excluded.external_keys, email_keys = excluded.email_keys,
		    phone_name_keys = excluded.phone_name_keys, contact = excluded.contact, content_keys = excluded.content_keys,
		    created_at = excluded.created_at, body = excluded.body`,
		sc.number, sc.kind, side, epoch, r.ids, r.readAt, r.modifiedAt, r.firstNames, r.excluded,
		r.external, r.emails, r.phonesNames, r.contacts, r.contents, r.createdAt, r.bodies)
	return err
}

// keyArray writes keys as Postgres reads an array, each once: arrays of unequal lengths cannot be passed as one.
func keyArray(keys []int64) string {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return inOrder(slices.Compact(keys))
}

// inOrder writes keys as Postgres reads an array, as they are.
func inOrder(keys []int64) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(k, 10))
	}
	b.WriteByte('}')
	return b.String()
}

func nilTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// notNil turns nil into no bytes, where the column knows no null.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
