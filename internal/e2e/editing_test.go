package e2e

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-sync/tandem/internal/record"
)

// editing edits contacts without end, in turns, on one side after the other, each once the edit before has arrived.
type editing struct {
	s       *office
	links   []record.Link
	arrived chan int    // the number of each edit that has arrived
	over    atomic.Bool // edits need not arrive any more
	ended   chan error
	stop    chan struct{}
}

// keepEditing begins to edit the contacts that are in step.
func (s *office) keepEditing(t testing.TB) *editing {
	t.Helper()
	l := &editing{s: s, links: s.pairs(t, 6), arrived: make(chan int), ended: make(chan error, 1), stop: make(chan struct{})}
	go func() { l.ended <- l.run() }()
	return l
}

func (l *editing) run() error {
	for n := 1; ; n++ {
		link, city := l.links[n%len(l.links)], fmt.Sprintf("City %d", n)
		var err error
		if n%2 == 0 {
			err = l.s.Sandbox.GoHighLevel.Edit(link.GoHighLevelID, map[string]any{"city": city})
		} else {
			err = l.s.Sandbox.Salesforce.Edit("Contact", link.SalesforceID, map[string]any{"MailingCity": city})
		}
		if err != nil {
			return err
		}
		for arrived := false; !arrived && !l.over.Load(); {
			ghl, sf := l.city(link)
			arrived = ghl == city && sf == city
			select {
			case <-l.stop:
				return nil
			case <-time.After(50 * time.Millisecond): // the pace of asking
			}
		}
		told := l.arrived
		if l.over.Load() {
			told = nil
		}
		select {
		case told <- n:
		case <-l.stop:
			return nil
		case <-time.After(50 * time.Millisecond): // nobody need listen
		}
	}
}

func (l *editing) city(link record.Link) (goHighLevel, salesforce string) {
	c, _ := l.s.Sandbox.GoHighLevel.Get(link.GoHighLevelID)
	row, _ := l.s.Sandbox.Salesforce.Get("Contact", link.SalesforceID)
	salesforce, _ = row["MailingCity"].(string)
	return c.City, salesforce
}

// arrive waits until so many further edits have arrived.
func (l *editing) arrive(t testing.TB, edits int) {
	t.Helper()
	for range edits + 1 { // the first may have been there already
		select {
		case <-l.arrived:
		case err := <-l.ended:
			t.Fatal(err)
		case <-time.After(90 * time.Second):
			t.Fatal("no edit arrives")
		}
	}
}

// end ends the editing.
func (l *editing) end() error {
	close(l.stop)
	return <-l.ended
}
