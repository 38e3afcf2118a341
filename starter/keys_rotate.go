package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// rotateOptions are the flags of the commands that change keys.
type rotateOptions struct {
	prepare, reseal, retire, despiteRuns bool
	out                                  string
	wait                                 time.Duration
}

func (o *rotateOptions) waitFlag(c *cobra.Command) {
	c.Flags().DurationVar(&o.wait, "wait", time.Minute, "how long to wait until all running workers have followed")
}

func (o *rotateOptions) retireFlags(c *cobra.Command) {
	c.Flags().BoolVar(&o.despiteRuns, "despite-runs", false, "retire also keys that older runs may need, which then fail, or cannot be replayed")
	c.Flags().StringVar(&o.out, "out", "", "write the changed keyset to a new file, for you to deploy, and leave the present one as it is")
}

func newKeysRotate(a *app) *cobra.Command {
	var o rotateOptions
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Seal under a new key, and seal anew what is sealed under older ones",
		Long: `Adds a key to the keyset, waits until all running workers know it, makes it the one that seals, and seals anew all that is
sealed under older keys, beside whatever runs. Nothing stops meanwhile. The older keys still open; ` + "`starter keys retire`" + `, or
--retire, ends those that protect nothing any more.

Where it is interrupted, ` + "`starter keys list`" + ` tells how far it came: a key on standby is taken up by the next rotate, and what is
left to seal anew by ` + "`starter keys reseal`" + `.

A keyset that is in the environment, or that you deploy by other means, is rotated in steps, with --out, each followed by
restarting the workers with the new file: first a key is added, then it is made to seal, and then reseal and retire follow.`,
		Example: `  starter keys rotate
  starter keys rotate --retire
  starter keys rotate --out next.json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return a.changeKeys(c.Context(), o, rotate) },
	}
	c.Flags().BoolVar(&o.prepare, "prepare", false, "only add the key, on standby")
	c.Flags().BoolVar(&o.reseal, "reseal", true, "seal anew what is sealed under older keys")
	c.Flags().BoolVar(&o.retire, "retire", false, "then retire the older keys")
	o.retireFlags(c)
	o.waitFlag(c)
	return c
}

func newKeysReseal(a *app) *cobra.Command {
	var o rotateOptions
	c := &cobra.Command{
		Use:   "reseal",
		Short: "Seal anew what is sealed under other keys than the one that seals",
		Long: `Seals anew what is sealed under other keys than the one that seals, in small steps beside whatever runs. Where it is
interrupted, the next one goes on.`,
		Example: `  starter keys reseal`,
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.changeKeys(c.Context(), o, func(ctx context.Context, r *rotation) error { return r.sealAnew(ctx) })
		},
	}
	o.waitFlag(c)
	return c
}

func newKeysRetire(a *app) *cobra.Command {
	var o rotateOptions
	c := &cobra.Command{
		Use:   "retire",
		Short: "End the older keys, once they protect nothing any more",
		Long: `Ends all keys but the one that seals and those on standby. It refuses where a value in Postgres is still sealed under one, or
where a run that began before the rotation is open, or failed and could be replayed: their histories hold values under the
older keys. A retired key stays in the keyset, disabled, so that nothing is lost that cannot be brought back.`,
		Example: `  starter keys retire
  starter keys retire --despite-runs`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.changeKeys(c.Context(), o, func(ctx context.Context, r *rotation) error { return r.end(ctx) })
		},
	}
	o.retireFlags(c)
	o.waitFlag(c)
	return c
}

// rotation is a change of the keyset that is under way.
type rotation struct {
	a       *app
	o       rotateOptions
	store   *store.Store
	source  vault.Source
	keyset  *vault.Keyset
	account keysAccount
}

// keysAccount is what was done, as it is printed.
type keysAccount struct {
	Added    uint32          `json:"added,omitempty"`
	Seals    uint32          `json:"seals"`
	Resealed []resealedTable `json:"resealed,omitempty"`
	Retired  []uint32        `json:"retired,omitempty"`
	Out      string          `json:"out,omitempty"`
}

type resealedTable struct {
	Table  string `json:"table"`
	Values int64  `json:"values"`
	Stuck  int64  `json:"stuck,omitempty"` // do not open, and were left as they are
}

// changeKeys carries out a change of the keyset while nobody else changes it, and prints what was done.
func (a *app) changeKeys(ctx context.Context, o rotateOptions, change func(context.Context, *rotation) error) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	source, err := a.keysetSource(ctx)
	if err != nil {
		return err
	}
	r := &rotation{a: a, o: o, store: s, source: source}
	err = s.LockKeyset(ctx, func() error {
		if r.keyset, err = vault.ReadKeyset(source); err != nil {
			return err
		}
		err := change(ctx, r)
		r.account.Seals = r.keyset.Primary()
		return err
	})
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(r.account)
	}
	return nil
}

// rotate adds a key, or takes up the one on standby, promotes it, and does with the older ones what is wanted.
func rotate(ctx context.Context, r *rotation) error {
	id, standby := r.keyset.Standby()
	if !standby {
		var err error
		if id, err = r.keyset.Add(); err != nil {
			return err
		}
		if err := r.save(); err != nil {
			return err
		}
		r.account.Added = id
		r.tell("Key %d is added, on standby.", id)
		if r.o.prepare || r.o.out != "" {
			return r.next("`starter keys rotate` makes it seal")
		}
	}
	if r.o.prepare {
		r.tell("Key %d is on standby already.", id)
		return nil
	}
	if err := r.followed(ctx, func(h store.KeyHolder) bool { return h.Knows(id) }, fmt.Sprintf("know key %d", id)); err != nil {
		return err
	}
	if err := r.keyset.Promote(id); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	r.tell("Key %d seals from now on.", id)
	if r.o.out != "" {
		return r.next("`starter keys reseal` seals anew what is sealed under older keys")
	}
	if !r.o.reseal {
		return r.reign(ctx)
	}
	if err := r.sealAnew(ctx); err != nil || !r.o.retire {
		return err
	}
	return r.end(ctx)
}

// save writes the keyset where it belongs, or to the file that was asked for.
func (r *rotation) save() error {
	if r.o.out != "" {
		r.account.Out = r.o.out
		return r.keyset.SaveNew(r.o.out)
	}
	err := r.keyset.Save()
	if err != nil {
		return fmt.Errorf("%w; --out writes the changed keyset to a new file, for you to deploy", err)
	}
	return nil
}

// next says what follows once a keyset written to a file is deployed.
func (r *rotation) next(what string) error {
	if r.o.out != "" {
		r.tell("The keyset is in %s. Restart the workers with it; then %s.", r.o.out, what)
		return nil
	}
	r.tell("Next: %s.", what)
	return nil
}

func (r *rotation) tell(format string, args ...any) {
	if !r.a.json() {
		say(r.a.out, format, args...)
	}
}

const followPause = 300 * time.Millisecond

// followed waits until all running workers have followed.
func (r *rotation) followed(ctx context.Context, has func(store.KeyHolder) bool, what string) error {
	began := time.Now()
	for {
		holders, err := r.store.KeyHolders(ctx)
		if err != nil {
			return err
		}
		late := behind(holders, has)
		if len(late) == 0 {
			return nil
		}
		if time.Since(began) >= r.o.wait {
			return needsPerson{fmt.Errorf("%d of %s do not %s: %s. Workers whose keyset is in the environment, or elsewhere, have to be given it and restarted; then run the same command again",
				len(late), counted(len(holders), "running worker"), what, strings.Join(late, ", "))}
		}
		select {
		case <-time.After(followPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reign waits until everybody seals under the primary key, and notes since when.
func (r *rotation) reign(ctx context.Context) error {
	_, err := r.reignsSince(ctx)
	return err
}

func (r *rotation) reignsSince(ctx context.Context) (time.Time, error) {
	primary := r.keyset.Primary()
	if err := r.followed(ctx, func(h store.KeyHolder) bool { return h.Primary == primary }, fmt.Sprintf("seal under key %d", primary)); err != nil {
		return time.Time{}, err
	}
	return r.store.BeginReign(ctx, primary)
}

// sealAnew seals anew what is sealed under other keys than the primary one.
func (r *rotation) sealAnew(ctx context.Context) error {
	if err := r.reign(ctx); err != nil {
		return err
	}
	v, err := vault.Load(r.source)
	if err != nil {
		return err
	}
	counts, err := r.store.CountSealed(ctx)
	if err != nil {
		return err
	}
	var total int64
	for _, c := range counts {
		if c.Key != v.Primary() {
			total += c.Rows
		}
	}
	bar := r.a.countUp("sealing anew", total)
	shown := map[string]int64{}
	done, err := r.store.Reseal(ctx, v, func(d store.Resealed) {
		bar.add(d.Sealed + d.Stuck - shown[d.Table])
		shown[d.Table] = d.Sealed + d.Stuck
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("%w; `starter keys reseal` goes on", err)
	}
	var sealed, stuck int64
	for _, d := range done {
		r.account.Resealed = append(r.account.Resealed, resealedTable{Table: d.Table, Values: d.Sealed, Stuck: d.Stuck})
		sealed, stuck = sealed+d.Sealed, stuck+d.Stuck
	}
	r.tell("%d values are sealed anew.", sealed)
	if stuck > 0 {
		return needsPerson{fmt.Errorf("%d values do not open under the keyset, and stay as they are: `starter keys list` tells under which keys they are", stuck)}
	}
	return nil
}
