package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// rotating is a keyset file in use.
type rotating struct {
	source vault.Source
	*vault.Vault
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	r := &rotating{source: vault.Source{File: filepath.Join(t.TempDir(), "keyset.json")}}
	require.NoError(t, vault.WriteNew(r.source.File))
	var err error
	r.Vault, err = vault.Load(r.source)
	require.NoError(t, err)
	return r
}

// change changes the keyset and takes it over.
func (r *rotating) change(t *testing.T, by func(*vault.Keyset) error) {
	t.Helper()
	k, err := vault.ReadKeyset(r.source)
	require.NoError(t, err)
	require.NoError(t, by(k))
	require.NoError(t, k.Save())
	_, err = r.Reload()
	require.NoError(t, err)
}

// rotate makes a new key the primary one, and returns the one that was it before.
func (r *rotating) rotate(t *testing.T) (old uint32) {
	t.Helper()
	old = r.Primary()
	r.change(t, func(k *vault.Keyset) error {
		id, err := k.Add()
		if err != nil {
			return err
		}
		return k.Promote(id)
	})
	return old
}

func (r *rotating) seal(t *testing.T, connection string, side record.Side, purpose, text string) []byte {
	t.Helper()
	sealed, err := r.Seal(vault.Scope{Connection: connection, Side: side, Purpose: purpose}, []byte(text))
	require.NoError(t, err)
	return sealed
}

// furnish gives a connection a sealed value of every sort, and n of those that grow.
func (r *rotating) furnish(t *testing.T, s *store.Store, conn *pgx.Conn, connection string, n int) {
	t.Helper()
	ctx := t.Context()
	_, err := s.AddConnection(ctx, store.Connection{
		ID: connection, Rules: "fields: {}\n", State: record.ConnectionActive, Location: "loc-" + connection,
		FingerprintKey: r.seal(t, connection, "", "fingerprint-key", "a key"),
	})
	require.NoError(t, err)
	var number int
	require.NoError(t, conn.QueryRow(ctx, `SELECT number FROM connections WHERE id = $1`, connection).Scan(&number))
	under := s.Authorisations(r.Vault)
	require.NoError(t, under.Await(ctx, connection, record.Salesforce, "state of "+connection, time.Hour))
	awaited, err := under.Answer(ctx, "state of "+connection, oauth.Answer{Code: "a code"})
	require.NoError(t, err)
	require.True(t, awaited)
	for code, side := range map[int]record.Side{1: record.GoHighLevel, 2: record.Salesforce} {
		require.NoError(t, s.Credentials(r.Vault).PutCredential(ctx, connection, side, &oauth.Credential{Side: side, AccessToken: "token"}))
		batch := &pgx.Batch{}
		for i := range n {
			batch.Queue(`
				INSERT INTO journal (link_id, connection, rules_version, kind, side, operation, origin, run_id, sealed)
				VALUES ($1, $2, 1, 1, $3, 2, 'o', 'r', $4)`, i, number, code, r.seal(t, connection, side, "journal", fmt.Sprint("was ", i)))
			batch.Queue(`
				INSERT INTO staged (read_at, first_name_key, connection, kind, side, excluded, record_id, external_keys, email_keys, phone_name_keys, epoch, body)
				VALUES (now(), 0, $1, 1, $2, false, $3, '{}', '{}', '{}', 'e', $4)`,
				number, code, fmt.Sprintf("id'%d", i), r.seal(t, connection, side, "staged", fmt.Sprint("is ", i)))
		}
		require.NoError(t, conn.SendBatch(ctx, batch).Close())
	}
	_, err = conn.Exec(ctx, `INSERT INTO note_tasks (connection, note_id, sealed) VALUES ($1, 'n', $2), ($1, 'new', NULL)`,
		number, r.seal(t, connection, record.Salesforce, "note-tasks", "a plan"))
	require.NoError(t, err)
}

// under counts the values by their keys, whatever the table.
func under(t *testing.T, s *store.Store) map[uint32]int64 {
	t.Helper()
	counts, err := s.CountSealed(t.Context())
	require.NoError(t, err)
	out := map[uint32]int64{}
	for _, c := range counts {
		out[c.Key] += c.Rows
	}
	return out
}

// newKeyed is newStore without the connection acme, whose fingerprint key no vault has sealed.
func newKeyed(t *testing.T) (*store.Store, *pgx.Conn) {
	t.Helper()
	s, conn := newStore(t)
	_, err := conn.Exec(t.Context(), `DELETE FROM connections`)
	require.NoError(t, err)
	return s, conn
}

func TestEveryColumnOfBytesIsSealedAnewOrKnownToHoldNothingSealed(t *testing.T) {
	_, conn := newStore(t)
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'bytea'::regtype`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	known := []string{"links.base", "intents.base", "webhooks.key", "authorisations.state"} // fingerprints
	for _, column := range store.SealedColumns() {
		require.Contains(t, all, column)
		known = append(known, column)
	}
	require.ElementsMatch(t, known, all, "a new column must be sealed anew when keys are rotated, or is named here")
}

func TestWhateverIsSealedUnderAnOldKeyIsSealedAnewAndStillOpensInItsPlace(t *testing.T) {
	s, conn := newKeyed(t)
	keys := newRotating(t)
	const n = 600 // more than is sealed at once
	keys.furnish(t, s, conn, "acme", n)
	keys.furnish(t, s, conn, "globex", 3)
	total := int64(2*(1+1+2+1) + 4*n + 4*3)
	old := keys.rotate(t)
	require.Equal(t, map[uint32]int64{old: total}, under(t, s))

	told := 0
	done, err := s.Reseal(t.Context(), keys.Vault, func(store.Resealed) { told++ })
	require.NoError(t, err)
	var sealed int64
	for _, d := range done {
		require.Zero(t, d.Stuck, d.Table)
		sealed += d.Sealed
	}
	require.Equal(t, total, sealed)
	require.Greater(t, told, 5, "it is told of after each batch")
	require.Equal(t, map[uint32]int64{keys.Primary(): total}, under(t, s))

	keys.change(t, func(k *vault.Keyset) error { return k.Disable(old) })
	c, err := s.Credentials(keys.Vault).LoadCredential(t.Context(), "acme", record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, "token", c.AccessToken)
	journal, err := s.Journal(t.Context(), "acme", n-1)
	require.NoError(t, err)
	require.Len(t, journal, 2)
	for _, row := range journal {
		plain, err := keys.Open(vault.Scope{Connection: "acme", Side: row.Side, Purpose: "journal"}, row.Sealed)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint("was ", n-1), string(plain))
	}
	again, err := s.Reseal(t.Context(), keys.Vault, func(store.Resealed) {})
	require.NoError(t, err)
	require.False(t, slices.ContainsFunc(again, func(d store.Resealed) bool { return d.Sealed != 0 }), "there is nothing left to do")
}

func TestSealingAnewGoesOnWhereItWasInterrupted(t *testing.T) {
	s, conn := newKeyed(t)
	keys := newRotating(t)
	keys.furnish(t, s, conn, "acme", 600)
	old := keys.rotate(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Reseal(ctx, keys.Vault, func(d store.Resealed) {
		if d.Table == "journal" {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	left := under(t, s)[old]
	require.Positive(t, left)
	require.Positive(t, under(t, s)[keys.Primary()])
	done, err := s.Reseal(t.Context(), keys.Vault, func(store.Resealed) {})
	require.NoError(t, err)
	var sealed int64
	for _, d := range done {
		sealed += d.Sealed
	}
	require.Equal(t, left, sealed)
	require.Zero(t, under(t, s)[old])
}

func TestAValueThatSomebodyChangesMeanwhileIsLeftToThem(t *testing.T) {
	s, conn := newKeyed(t)
	keys := newRotating(t)
	keys.furnish(t, s, conn, "acme", 1)
	keys.rotate(t)
	// Whoever refreshes a token holds its row, and writes it before the other can.
	locked, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Credentials(keys.Vault).WithCredential(context.Background(), "acme", record.Salesforce, func(c *oauth.Credential) (bool, error) {
			close(locked)
			<-release
			c.AccessToken = "renewed"
			return true, nil
		})
	}()
	<-locked
	resealed := make(chan error, 1)
	go func() {
		_, err := s.Reseal(context.Background(), keys.Vault, func(store.Resealed) {})
		resealed <- err
	}()
	require.Eventually(t, func() bool {
		var waiting int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE credentials%'`).Scan(&waiting)
		return err == nil && waiting > 0
	}, 30*time.Second, 10*time.Millisecond)
	close(release)
	require.NoError(t, <-ended)
	require.NoError(t, <-resealed)
	c, err := s.Credentials(keys.Vault).LoadCredential(t.Context(), "acme", record.Salesforce)
	require.NoError(t, err)
	require.Equal(t, "renewed", c.AccessToken)
}

func TestAValueThatDoesNotOpenIsCountedAndNotTouched(t *testing.T) {
	s, conn := newKeyed(t)
	keys := newRotating(t)
	keys.furnish(t, s, conn, "acme", 2)
	_, err := conn.Exec(t.Context(), `UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE side = 1) WHERE side = 2`)
	require.NoError(t, err)
	_, err = s.Credentials(keys.Vault).LoadCredential(t.Context(), "acme", record.Salesforce)
	require.ErrorIs(t, err, vault.ErrDoesNotOpen, "one side's credential is none of the other's")
	old := keys.rotate(t)
	done, err := s.Reseal(t.Context(), keys.Vault, func(store.Resealed) {})
	require.NoError(t, err)
	for _, d := range done {
		if d.Table == "credentials" {
			require.Equal(t, store.Resealed{Table: "credentials", Sealed: 1, Stuck: 1}, d)
		} else {
			require.Zero(t, d.Stuck, d.Table)
		}
	}
	require.EqualValues(t, 1, under(t, s)[old])
}

func TestAProcessTellsWhichKeysItHoldsUntilItEnds(t *testing.T) {
	s, conn := newKeyed(t)
	ctx := t.Context()
	require.NoError(t, s.HoldKeys(ctx, "one", []vault.Key{{ID: 7}, {ID: 8, Enabled: true, Primary: true}, {ID: 1<<32 - 1, Enabled: true}}))
	require.NoError(t, s.HoldKeys(ctx, "two", []vault.Key{{ID: 8, Enabled: true, Primary: true}}))
	require.NoError(t, s.HoldKeys(ctx, "two", []vault.Key{{ID: 8, Enabled: true}, {ID: 9, Enabled: true, Primary: true}}))
	holders, err := s.KeyHolders(ctx)
	require.NoError(t, err)
	require.Equal(t, []store.KeyHolder{
		{Name: "one", Primary: 8, Enabled: []uint32{8, 1<<32 - 1}}, {Name: "two", Primary: 9, Enabled: []uint32{8, 9}},
	}, holders)
	require.True(t, holders[0].Knows(8))
	require.False(t, holders[0].Knows(7), "a disabled key opens nothing")
	require.NoError(t, s.ReleaseKeys(ctx, "two"))
	_, err = conn.Exec(ctx, `UPDATE key_holders SET seen_at = now() - interval '2 minutes'`)
	require.NoError(t, err)
	holders, err = s.KeyHolders(ctx)
	require.NoError(t, err)
	require.Empty(t, holders, "one that died without a word is forgotten")
}

func TestAKeyReignsFromTheFirstTimeThatItIsSaidUntilAnotherDoes(t *testing.T) {
	s, _ := newKeyed(t)
	first, err := s.BeginReign(t.Context(), 1)
	require.NoError(t, err)
	again, err := s.BeginReign(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, first, again)
	second, err := s.BeginReign(t.Context(), 2)
	require.NoError(t, err)
	require.True(t, second.After(first))
	back, err := s.BeginReign(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, back.After(second), "a key that comes back reigns anew")
}

func TestOnlyOneChangesTheKeysetAtATime(t *testing.T) {
	s, _ := newKeyed(t)
	require.NoError(t, s.LockKeyset(t.Context(), func() error {
		return func() error {
			err := s.LockKeyset(t.Context(), func() error { t.Error("two at once"); return nil })
			require.ErrorIs(t, err, store.ErrKeysetBusy)
			return nil
		}()
	}))
	ran := false
	require.NoError(t, s.LockKeyset(t.Context(), func() error { ran = true; return nil }))
	require.True(t, ran)
}
