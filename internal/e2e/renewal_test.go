package e2e

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-sync/tandem/internal/crm/gohighlevel/gohighleveltest"
	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/devstack/sandbox"
	"github.com/tandem-sync/tandem/internal/devstack/stack"
	"github.com/tandem-sync/tandem/internal/record"
)

// renewals is put around GoHighLevel's fake: while it is armed, something is done between what the token endpoint decides
// and what it answers.
type renewals struct {
	armed atomic.Bool
	do    func()
}

func (r *renewals) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path != "/oauth/token" || !r.armed.CompareAndSwap(true, false) {
			next.ServeHTTP(w, request)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, request)
		r.do()
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = bytes.NewReader(answer.Body.Bytes()).WriteTo(w) // the worker may be gone
	})
}

func TestWorkersThatAreKilledBetweenARenewalsAnswerAndItsCommitLeaveTheGrantToTheNext(t *testing.T) {
	r := &renewals{}
	s := live(t, sandbox.Options{GoHighLevel: gohighleveltest.Options{IndexLag: 200 * time.Millisecond, RefreshGrace: time.Hour}},
		sandbox.People{Both: 4, Seed: 83}, quick, func(o *stack.Options) {
			validate := o.WatchGoHighLevel
			o.WatchGoHighLevel = func(h http.Handler) http.Handler { return r.around(validate(h)) }
		})
	workers := []*devstack.Process{s.worker}
	for range 2 {
		workers = append(workers, s.startWorker(t))
	}
	links := s.pairs(t, 4)

	db, err := pgx.Connect(t.Context(), s.Postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	var held pgx.Tx
	answered := make(chan error, 1)
	r.do = func() {
		tx, err := db.Begin(t.Context())
		if err == nil {
			held = tx
			_, err = tx.Exec(t.Context(), "LOCK TABLE credentials IN SHARE MODE") // read it may be, and not written
		}
		answered <- err
	}
	asked := s.Sandbox.GoHighLevel.Stats().TokenRequests
	r.armed.Store(true)
	s.Sandbox.GoHighLevel.ExpireAccessTokens()
	for i, l := range links {
		s.changeSalesforce(t, l, map[string]any{"MailingCity": []string{"Springfield", "Shelbyville", "Ogdenville", "Capital City"}[i]})
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	s.eventually(t, func() bool {
		var waiting int
		err := held.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE relation = 'credentials'::regclass AND NOT granted`).Scan(&waiting)
		return err == nil && waiting > 0
	})
	for _, w := range workers {
		if err := w.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		s.startWorker(t)
	}
	s.eventually(t, func() bool {
		for _, l := range links {
			if ghl, sf := s.city(t, l); ghl != sf {
				return false
			}
		}
		return true
	})
	if n := s.Sandbox.GoHighLevel.Stats().TokenRequests - asked; n != 2 {
		t.Errorf("GoHighLevel was asked for tokens %d times, want once by the workers that died and once by those that came after", n)
	}
	row, err := s.Store.GetConnection(t.Context(), connection)
	if err != nil || row.State != record.ConnectionActive || len(row.Refusals) > 0 {
		t.Errorf("the connection is %s, refused by %v: %v", row.State, row.Refusals, err)
	}
	s.mustAgree(t)
}
