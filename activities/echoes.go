package activities

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tandem-sync/tandem/internal/record"
)

const (
	// echoesWithin is for how long after a sync an announcement may be the echo of what it wrote: webhooks take seconds.
	echoesWithin = 2 * time.Minute
	// echoesAtOnce is how many are looked at before a plan is made. A mass of our own writes is cheaper to look at in bulk.
	echoesAtOnce = 10
	// echoPatience is how long all of that may take; what is not known by then is synced like any change.
	echoPatience = 3 * time.Second
)

// dropEchoes looks at contacts that were announced shortly after a sync had brought them into step, and forgets about those
// that hold just what both sides agreed on: our own write came back, and a run that found this out would cost several times
// as much. It goes by the base; the time only says where looking is worth a call.
func (a *Contacts) dropEchoes(ctx context.Context, c *Connection) error {
	key := record.SweepKey{Connection: c.ID, Kind: record.Contact, Side: record.GoHighLevel}
	announced, err := a.Ledger.Echoes(ctx, key, echoesWithin, echoesAtOnce)
	if err != nil || len(announced) == 0 {
		return err
	}
	looking, cancel := context.WithTimeout(ctx, echoPatience)
	defer cancel()
	same := make([]bool, len(announced))
	var calls errgroup.Group
	for i, e := range announced {
		calls.Go(func() error {
			doc, err := c.GoHighLevel.GetContact(looking, e.Known.RecordID)
			if err != nil {
				return nil // its sync meets the same, and makes something of it
			}
			r, err := c.read(record.GoHighLevel, doc, false)
			same[i] = err == nil && c.compareWithBase(record.Contact, &r, e.Known).same
			return nil
		})
	}
	_ = calls.Wait() // none of them fails
	var echoes []record.Echo
	for i, e := range announced {
		if same[i] {
			echoes = append(echoes, e)
		}
	}
	return a.Ledger.DropEchoes(ctx, key, echoes)
}
