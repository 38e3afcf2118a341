package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/oauth"
	"github.com/tandem-sync/tandem/internal/record"
	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
)

// erasure is the account of an erased connection.
type erasure struct {
	Connection string        `json:"connection"`
	Was        string        `json:"was"`
	RunsEnded  int           `json:"runs_ended"`
	Access     []endedAccess `json:"access"`
	Tables     []erasedTable `json:"tables"`
	Erased     bool          `json:"erased"` // a count afterwards found nothing
}

// endedAccess is what became of the access to a side.
type endedAccess struct {
	Side    record.Side `json:"side"`
	Revoked bool        `json:"revoked"`
	// ByHand is what a person has left to do, and Refused why the vendor did not do it; Problem is why it did not revoke what
	// it should have.
	ByHand  string `json:"by_hand,omitempty"`
	Refused string `json:"refused,omitempty"`
	Problem string `json:"problem,omitempty"`
}

type erasedTable struct {
	Table  string `json:"table"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

func runErase(ctx context.Context, a *app, connection string, o disconnectOptions) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetConnection(ctx, connection); err != nil {
		return noConnection(err, connection)
	}
	keys, err := a.keys(ctx)
	if err != nil {
		return err
	}
	if _, err := a.dial(ctx); err != nil {
		return err
	}
	if err := a.confirm(ctx, o.yes, fmt.Sprintf("Destroy all that is kept of connection %s, for good?", connection)); err != nil {
		return err
	}
	number, was, err := s.BeginErasing(ctx, connection)
	if err != nil {
		return noConnection(err, connection)
	}
	e := erasure{Connection: connection, Was: was}
	if err := a.erase(ctx, s, keys, number, o, &e); err != nil {
		return fmt.Errorf("connection %s is not erased yet; the same command goes on: %w", connection, err)
	}
	if err := a.showErasure(e); err != nil {
		return err
	}
	for _, access := range e.Access {
		if access.Problem != "" {
			return needsPerson{fmt.Errorf("the access of %s to %s was not revoked: %s", connection, sideName(access.Side), access.Problem)}
		}
	}
	return nil
}

// erase carries out what BeginErasing began, in an order in which each step can be repeated: the runs end first, for they
// write; the access is revoked while there is still a token to revoke; what is kept goes last.
func (a *app) erase(ctx context.Context, s *store.Store, keys *vault.Vault, number int, o disconnectOptions, e *erasure) error {
	before, err := s.Holdings(ctx, number)
	if err != nil {
		return err
	}
	if e.RunsEnded, err = a.endRuns(ctx, e.Connection); err != nil {
		return err
	}
	for _, side := range record.Sides {
		access, err := a.endAccess(ctx, s, s.Credentials(keys), e.Connection, side, o.unrevoked)
		if errors.Is(err, oauth.ErrNoCredential) {
			continue
		}
		if err != nil {
			return err
		}
		e.Access = append(e.Access, access)
	}
	if err := s.ForgetConnectionKey(ctx, e.Connection); err != nil {
		return err
	}
	bar := a.countUp("erasing "+e.Connection, store.Rows(before))
	left, err := s.Erase(ctx, number, func(_ string, rows int64) { bar.add(rows) })
	bar.end()
	if err != nil {
		return err
	}
	// A run may have begun while visibility did not list it yet.
	late, err := a.endRuns(ctx, e.Connection)
	if err != nil {
		return err
	}
	e.RunsEnded += late
	for i, held := range before {
		e.Tables = append(e.Tables, erasedTable{Table: held.Table, Before: held.Rows, After: left[i].Rows})
	}
	if n := store.Rows(left); n > 0 {
		return fmt.Errorf("%d rows were written while it was erased", n)
	}
	e.Erased = true
	return nil
}

// endAccess ends the access to a side. It fails where the vendor should be asked again, and with oauth.ErrNoCredential where
// there is none.
func (a *app) endAccess(
	ctx context.Context, s *store.Store, credentials *store.CredentialStore, connection string, side record.Side, unrevoked bool,
) (endedAccess, error) {
	ended := endedAccess{Side: side}
	err := a.revoke(ctx, s, credentials, connection, unrevoked, &ended)
	switch {
	case err == nil || errors.Is(err, oauth.ErrNoCredential):
		return ended, err
	case errors.Is(err, vault.ErrDoesNotOpen):
		ended.Problem = "what is stored of it does not open under the keyset"
		return ended, nil
	case passing(err):
		return ended, fmt.Errorf("revoke the access to %s (--without-revoking leaves it to a person): %w", sideName(side), err)
	}
	ended.Problem = err.Error()
	return ended, nil
}

// revoke has the vendor end the access, where that is wanted and takes it from nobody else.
func (a *app) revoke(
	ctx context.Context, s *store.Store, credentials *store.CredentialStore, connection string, unrevoked bool, ended *endedAccess,
) error {
	c, err := credentials.LoadCredential(ctx, connection, ended.Side)
	if err != nil {
		return err
	}
	if c.Side == record.GoHighLevel && c.Flow != oauth.PrivateToken {
		other, err := worksIn(ctx, s, c.LocationID, connection)
		if err != nil {
			return err
		}
		if other != "" {
			ended.ByHand = fmt.Sprintf("connection %s works in the same location, so the app stays there: uninstall it once that one has left as well", other)
			return nil
		}
	}
	switch {
	case unrevoked && c.Side == record.Salesforce:
		ended.Problem = "it was left to a person: " + oauth.ByHand(c)
		return nil
	case unrevoked:
		ended.ByHand = oauth.ByHand(c)
		return nil
	}
	client, err := a.outbound(c.Side)
	if err != nil {
		return err
	}
	got, err := oauth.Revoke(ctx, client, credentials, connection, c.Side)
	ended.Revoked, ended.ByHand, ended.Refused = got.Revoked, got.ByHand, got.Refused
	return err
}

// worksIn names a connection beside one that works in the same location: an app is installed there once, for both.
func worksIn(ctx context.Context, s *store.Store, location, beside string) (string, error) {
	all, err := s.ListConnections(ctx)
	for _, c := range all {
		if c.ID != beside && c.Location == location && record.Connected(c.State) {
			return c.ID, err
		}
	}
	return "", err
}

// passing tells whether what failed may succeed when it is tried again.
func passing(err error) bool {
	kind := crm.KindOf(err)
	return kind == "" || kind.Class() == crm.Retry || kind.Class() == crm.Wait
}

func (a *app) showErasure(e erasure) error {
	if a.json() {
		return a.printJSON(e)
	}
	say(a.out, "Connection %s is erased. %s ended.", e.Connection, counted(e.RunsEnded, "run"))
	for _, access := range e.Access {
		line := "is not revoked"
		if access.Revoked {
			line = "is revoked"
		}
		if access.Refused != "" {
			line += " (" + access.Refused + ")"
		}
		if access.ByHand != "" {
			line += "; this is left to you: " + access.ByHand
		}
		if access.Problem != "" {
			line += ": " + access.Problem
		}
		say(a.out, "The access to %s %s.", sideName(access.Side), line)
	}
	say(a.out, "")
	rows := make([][]string, len(e.Tables))
	for i, t := range e.Tables {
		rows[i] = []string{t.Table, strconv.FormatInt(t.Before, 10), strconv.FormatInt(t.After, 10)}
	}
	return a.table([]string{"KEPT IN", "BEFORE", "AFTER"}, rows)
}
