package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-sync/tandem/internal/store"
	"github.com/tandem-sync/tandem/internal/vault"
	"github.com/tandem-sync/tandem/internal/vault/kms"
)

func newKeysCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "See and rotate the keys under which tokens and customer data are sealed",
		Long: `Tokens, the journal, what is staged and the connections' own keys are sealed in Postgres under a keyset: a file that
TANDEM_KEYSET_FILE names, or the content of TANDEM_KEYSET, in clear or encrypted by the key of a key management service that
TANDEM_KEYSET_KMS names. One key of it seals; all that are enabled open. Running workers follow a file that changes; a
keyset in the environment needs a restart.`,
		Example: `  starter keys list
  starter keys rotate
  starter keys retire`,
	}
	c.AddCommand(newKeysNew(a), newKeysList(a), newKeysRotate(a), newKeysReseal(a), newKeysRetire(a))
	return c
}

func newKeysNew(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "new <file>",
		Short: "Write a new keyset to a file that only you can read",
		Long: `Writes a new keyset, with one key, to a new file that only you can read. Where TANDEM_KEYSET_KMS names the key of a key
management service, as gcp-kms://projects/... or aws-kms://arn:..., the keyset is encrypted by it. Keep the file as safe as the
data: without it, nothing opens.`,
		Example: `  starter keys new keyset.json
  TANDEM_KEYSET_KMS=gcp-kms://projects/p/locations/eu/keyRings/r/cryptoKeys/tandem starter keys new keyset.json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			source := vault.Source{File: args[0]}
			source.KMS, _ = a.lookup(vault.EnvKMS)
			if err := kms.Register(c.Context(), source.KMS); err != nil {
				return usageError{err}
			}
			if err := vault.Create(source); err != nil {
				return err
			}
			if a.json() {
				return a.printJSON(map[string]string{"file": args[0]})
			}
			say(a.out, "A new keyset is in %s. Let %s name it, for the workers and the starter.", args[0], vault.EnvFile)
			return nil
		},
	}
}

func newKeysList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys, what each still protects, and who works with them",
		Long: `Lists the keys of the keyset, the oldest first, how many values in Postgres are sealed under each, and the running workers that
do not work with the keyset as it is. A key seals, opens what it sealed before, waits on standby until it is to seal, or is
retired. Counting reads every sealed value's first bytes.`,
		Example: `  starter keys list
  starter keys list -o json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return runKeysList(c.Context(), a) },
	}
}

// The states of a key, as they are printed.
const (
	keySeals   = "seals"
	keyOpens   = "opens"
	keyStandby = "standby"
	keyRetired = "retired"
	keyMissing = "not in the keyset"
)

// listedKey is a key and what it protects.
type listedKey struct {
	Key    uint32           `json:"key"`
	State  string           `json:"state"`
	Values int64            `json:"values"`
	Tables map[string]int64 `json:"tables,omitempty"`
}

// listedProcess is a running process and the keys that it works with.
type listedProcess struct {
	Name       string   `json:"name"`
	SealsUnder uint32   `json:"seals_under"`
	Knows      []uint32 `json:"knows"`
}

func runKeysList(ctx context.Context, a *app) error {
	s, err := a.ledger(ctx)
	if err != nil {
		return err
	}
	source, err := a.keysetSource(ctx)
	if err != nil {
		return err
	}
	keyset, err := vault.ReadKeyset(source)
	if err != nil {
		return err
	}
	counts, err := s.CountSealed(ctx)
	if err != nil {
		return err
	}
	holders, err := s.KeyHolders(ctx)
	if err != nil {
		return err
	}
	keys := listKeys(keyset, counts)
	if a.json() {
		processes := make([]listedProcess, len(holders))
		for i, h := range holders {
			processes[i] = listedProcess{Name: h.Name, SealsUnder: h.Primary, Knows: h.Enabled}
		}
		return a.printJSON(map[string]any{"keys": keys, "processes": processes})
	}
	rows := make([][]string, len(keys))
	for i, k := range keys {
		rows[i] = []string{strconv.FormatUint(uint64(k.Key), 10), k.State, strconv.FormatInt(k.Values, 10)}
	}
	if err := a.table([]string{"KEY", "STATE", "VALUES"}, rows); err != nil {
		return err
	}
	if late := behind(holders, func(h store.KeyHolder) bool { return h.Primary == keyset.Primary() }); len(late) > 0 {
		say(a.out, "\nOf %s, these seal under another key: %s", counted(len(holders), "running worker"), strings.Join(late, ", "))
		return nil
	}
	if len(holders) > 0 {
		say(a.out, "\nAll running workers (%d) work with this keyset.", len(holders))
	}
	return nil
}

// listKeys joins the keys of a keyset, the oldest first, with what is sealed under them, and adds those that are missing.
func listKeys(keyset *vault.Keyset, counts []store.SealedCount) []listedKey {
	var out []listedKey
	at := map[uint32]int{}
	for _, k := range keyset.Keys() {
		state := keyRetired
		switch {
		case k.Primary:
			state = keySeals
		case k.Enabled && len(out) > 0 && afterPrimary(out):
			state = keyStandby
		case k.Enabled:
			state = keyOpens
		}
		at[k.ID] = len(out)
		out = append(out, listedKey{Key: k.ID, State: state})
	}
	for _, c := range counts {
		i, known := at[c.Key]
		if !known {
			i = len(out)
			at[c.Key] = i
			out = append(out, listedKey{Key: c.Key, State: keyMissing})
		}
		if out[i].Tables == nil {
			out[i].Tables = map[string]int64{}
		}
		out[i].Tables[c.Table] += c.Rows
		out[i].Values += c.Rows
	}
	return out
}

// afterPrimary tells whether the key that seals is among those listed so far.
func afterPrimary(listed []listedKey) bool {
	for _, k := range listed {
		if k.State == keySeals {
			return true
		}
	}
	return false
}

// behind names the processes that have not followed.
func behind(holders []store.KeyHolder, followed func(store.KeyHolder) bool) []string {
	var late []string
	for _, h := range holders {
		if !followed(h) {
			late = append(late, h.Name)
		}
	}
	return late
}

// protected sums what is sealed under a key.
func protected(counts []store.SealedCount, key uint32) (n int64, tables []string) {
	for _, c := range counts {
		if c.Key == key {
			n += c.Rows
			tables = append(tables, fmt.Sprintf("%s %d", c.Table, c.Rows))
		}
	}
	return n, tables
}
