package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/tandem-sync/tandem/internal/devstack"
	"github.com/tandem-sync/tandem/internal/record"
)

// workers are the two workers that are kept running.
type workers struct {
	*system
	random *rand.Rand
	tapes  map[record.Side]*tape
	alive  [2]*devstack.Process
	struck chan error // told when all were killed in the middle of a write
	victim int        // who was killed last
	killed int        // one by one
	amid   int        // in the middle of a write
}

func (w *workers) start(t *testing.T) {
	t.Helper()
	for i := range w.alive {
		w.alive[i] = w.startWorker(t)
	}
}

// at does what is to happen after so many deeds of all. What a killed worker had under way times out before it is taken up again,
// so that between the kills amid the writes there is time in which things go on.
func (w *workers) at(t *testing.T, deed, all int) {
	t.Helper()
	const apart = 15 // deeds between two kills
	switch {
	case deed < all/2 && (deed == 15 || deed == 60 || deed == 110):
		w.killAmid()
	case deed >= all*4/7 && deed%apart == 0:
		w.kill(t)
		switch deed / apart {
		case all * 7 / 10 / apart:
			w.restart(t, w.Temporal)
		case all * 6 / 7 / apart:
			w.restart(t, w.Postgres)
		}
		w.alive[w.victim] = w.startWorker(t)
	}
}

// killAmid kills all workers with SIGKILL in the instant in which a vendor has done what one of them asked for and has not
// answered.
func (w *workers) killAmid() {
	w.tapes[record.Sides[w.random.IntN(2)]].onWrite(func() { w.struck <- errors.Join(w.alive[0].Kill(), w.alive[1].Kill()) })
}

// kill kills a worker with SIGKILL, whatever it does.
func (w *workers) kill(t *testing.T) {
	t.Helper()
	w.victim = w.random.IntN(len(w.alive))
	if err := w.alive[w.victim].Kill(); err != nil {
		t.Fatal(err)
	}
	w.killed++
}

// restart kills a part of the stack with SIGKILL and starts it again.
func (w *workers) restart(t *testing.T, part interface {
	Kill() error
	Restart(context.Context) error
}) {
	t.Helper()
	if err := part.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := part.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// revive starts workers again that were struck in the middle of a write.
func (w *workers) revive(t *testing.T) {
	t.Helper()
	for i, one := range w.alive {
		if err := one.Err(); err != nil {
			t.Logf("a worker ended by itself, as one that starts while Temporal does not answer: %v", err)
			w.alive[i] = w.startWorker(t)
		}
	}
	select {
	case err := <-w.struck:
		if err != nil {
			t.Fatal(err)
		}
		w.amid++
		w.start(t)
	default:
	}
}

// rest ends the kills.
func (w *workers) rest(t *testing.T) {
	t.Helper()
	for _, side := range w.tapes {
		side.onWrite(nil)
	}
	w.revive(t)
}
