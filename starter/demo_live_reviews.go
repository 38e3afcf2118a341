package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
)

// decider is who decides in a demo that nobody watches.
const decider = "the demo"

// contested is a contact about one of whose fields a person is asked.
type contested struct {
	couple
	mine, yours string // the city as Salesforce and as GoHighLevel have it now
}

// conflict lets both sides change the same contact: one field each that the other side leaves alone goes through, the one
// that both changed waits.
func (l *live) conflict(ctx context.Context, c *cast) (contested, error) {
	who, err := c.next(record.City, record.Street)
	if err != nil {
		return contested{}, err
	}
	l.about = append(l.about, who.ID)
	out := contested{couple: who, mine: "Denver", yours: "Boston"}
	sam := c.change(record.Salesforce, who, record.City, out.mine, "")
	gwen := c.change(record.GoHighLevel, who, record.City, out.yours, "")
	for _, a := range []*act{sam, gwen} {
		a.edit, a.settled = false, l.asks(who.ID)
	}
	rest := c.change(record.Salesforce, who, record.Street, "1 Summit Avenue", "")
	return out, l.scene(ctx, []beat{{acts: []*act{sam, rest, gwen}}})
}

// asks tells whether a person is asked about a link.
func (l *live) asks(link int64) func(context.Context) (upshot, bool) {
	return func(ctx context.Context) (upshot, bool) {
		found, err := l.store.Reviews(ctx, demoConnection, store.ReviewFilter{LinkID: link})
		if err != nil || len(found) == 0 {
			return upshot{}, false
		}
		return upshot{fate: asked, review: found[0].ID}, true
	}
}

// deletions lets a contact be deleted on either side: the rules follow one deletion, and ask about the other.
func (l *live) deletions(ctx context.Context, c *cast) (asking couple, err error) {
	followed, err := c.next(record.Email)
	if err != nil {
		return couple{}, err
	}
	asking, err = c.next(record.Email)
	if err != nil {
		return couple{}, err
	}
	l.about = append(l.about, asking.ID)
	deletes := func(side record.Side, who couple, settled func(context.Context) (upshot, bool)) beat {
		name := who.on(side).Name()
		return beat{acts: []*act{{
			side: side, text: "deletes " + name, about: name, settled: settled,
			do: func() error { return l.box.Remove(side, who.RecordID(side)) },
		}}}
	}
	return asking, l.scene(ctx, []beat{
		deletes(record.GoHighLevel, followed, func(context.Context) (upshot, bool) {
			_, there := l.box.Look(record.Salesforce, followed.SalesforceID)
			return upshot{fate: deleted}, !there
		}),
		deletes(record.Salesforce, asking, l.asks(asking.ID)),
	})
}

// open returns the review that asks about a link; nil when none does.
func (l *live) open(ctx context.Context, link int64) (*record.Review, error) {
	found, err := l.store.Reviews(ctx, demoConnection, store.ReviewFilter{LinkID: link})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// command runs a command of the starter as a person would, and shows it.
func (l *live) command(line string, run func() error) error {
	say(l.out, "\n%s", l.paint.bold("$ starter "+line))
	return run()
}

// look shows a review by the commands that show reviews.
func (l *live) look(ctx context.Context, r record.Review) error {
	err := l.command("reviews list "+demoConnection+" --reason "+r.Reason, func() error {
		return runReviewsList(ctx, l.person, []string{demoConnection}, reviewsAsked{reason: r.Reason, limit: 20})
	})
	if err != nil {
		return err
	}
	return l.command(fmt.Sprintf("reviews show %s %d", demoConnection, r.ID), func() error {
		return runReviewsShow(ctx, l.person, demoConnection, r.ID)
	})
}

// decide decides a review by the command that decides reviews.
func (l *live) decide(ctx context.Context, r record.Review, choice record.Choice) error {
	o := decideOptions{choose: string(choice), by: decider}
	if err := o.validate([]string{strconv.FormatInt(r.ID, 10)}); err != nil {
		return err
	}
	return l.command(fmt.Sprintf("reviews decide %s %d --choose %s", demoConnection, r.ID, choice), func() error {
		return runReviewsDecide(ctx, l.person, demoConnection, o)
	})
}

// settleConflict decides the conflict for Salesforce, and waits until GoHighLevel has what Salesforce has.
func (l *live) settleConflict(ctx context.Context, r record.Review, c contested) error {
	if err := l.decide(ctx, r, record.ChooseSalesforce); err != nil {
		return err
	}
	err := l.until(ctx, l.patience, func() (bool, error) {
		card, there := l.box.Look(record.GoHighLevel, c.GoHighLevelID)
		waiting, err := l.open(ctx, c.ID) // it is over only once the ledger has it, too
		return there && card[record.City] == c.mine && waiting == nil, err
	})
	if errors.Is(err, errImpatient) {
		say(l.out, "%s", l.paint.red(fmt.Sprintf("GoHighLevel does not have %s yet.", c.mine)))
		return nil
	}
	if err == nil {
		say(l.out, "%s", l.paint.green(fmt.Sprintf("GoHighLevel has %s now. %s, which lost, is kept in the journal.", c.mine, c.yours)))
	}
	return err
}

// settleDeletion decides that a contact is to be created again where it was deleted, and waits for it.
func (l *live) settleDeletion(ctx context.Context, r record.Review, who couple) error {
	if err := l.decide(ctx, r, record.ChooseRestore); err != nil {
		return err
	}
	name := who.sf.Name()
	err := l.until(ctx, l.patience, func() (bool, error) {
		_, there := l.box.Find(record.Salesforce, who.sf[record.Email])
		return there, nil
	})
	if errors.Is(err, errImpatient) {
		say(l.out, "%s", l.paint.red(name+" is not back in Salesforce yet."))
		return nil
	}
	if err == nil {
		say(l.out, "%s", l.paint.green(name+" is back in Salesforce, from what GoHighLevel held."))
	}
	return err
}

// questions returns the reviews that came up because of what people did here, the oldest first.
func (l *live) questions(ctx context.Context) ([]record.Review, error) {
	var out []record.Review
	for _, link := range l.about {
		for _, decided := range []bool{false, true} {
			found, err := l.store.Reviews(ctx, demoConnection, store.ReviewFilter{LinkID: link, Decided: decided})
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	slices.SortFunc(out, func(a, b record.Review) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// explain shows by the command that explains how a field of a contact came to be what it is.
func (l *live) explain(ctx context.Context, who couple, field record.Field) error {
	return l.command(fmt.Sprintf("explain %s %d %s", demoConnection, who.ID, field), func() error {
		return runExplain(ctx, l.person, demoConnection, strconv.FormatInt(who.ID, 10), field)
	})
}
