package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tandem-sync/tandem/internal/record"
)

// identities are what tells a contact from others: its address, and its number with its last name, where the rules match
// by these. Each is enough: the other may have been changed on one side before the contact was first synced.
func (c *Connection) identities(fields record.Fields) (out []string) {
	if email := fields[record.Email].Text(); email != "" {
		out = append(out, "email "+email)
	}
	phone, last := fields[record.Phone].Text(), record.FoldName(fields[record.LastName].Text())
	if phone != "" && last != "" && slices.Contains(c.Rules.Contacts.Match, record.MatchPhoneAndName) {
		out = append(out, "phone "+phone+" "+last)
	}
	return out
}

// lookupAtOnce is how many contacts one query looks for: its text must fit into an address.
const lookupAtOnce = 80

// lookalikes looks in Salesforce for the contacts that share an identity with one of those who are wanted, and calls found
// with each pair. Numbers are written in so many ways that Salesforce cannot be asked for one, so that it is asked for the
// last name.
func (c *Connection) lookalikes(ctx context.Context, wanted []record.Fields, found func(want record.Fields, r record.Record)) error {
	for chunk := range slices.Chunk(wanted, lookupAtOnce) {
		by, emails, names := map[string][]int{}, map[string]bool{}, map[string]bool{}
		for i, want := range chunk {
			for _, identity := range c.identities(want) {
				by[identity] = append(by[identity], i)
				if strings.HasPrefix(identity, "email ") {
					emails[want[record.Email].Text()] = true
				} else {
					names[want[record.LastName].Text()] = true
				}
			}
		}
		var any []string
		for field, values := range map[string]map[string]bool{"Email": emails, "LastName": names} {
			if len(values) > 0 {
				any = append(any, fmt.Sprintf("%s IN (%s)", field, soqlList(values)))
			}
		}
		if len(any) == 0 {
			continue
		}
		slices.Sort(any)
		err := c.eachFound(ctx, strings.Join(any, " OR "), func(r record.Record) {
			var pairs []int
			for _, identity := range c.identities(r.Fields) {
				pairs = append(pairs, by[identity]...)
			}
			slices.Sort(pairs)
			for _, i := range slices.Compact(pairs) {
				found(chunk[i], r)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachFound calls do with each Salesforce contact that meets a condition.
func (c *Connection) eachFound(ctx context.Context, condition string, do func(record.Record)) error {
	page, err := c.Salesforce.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY Id",
		strings.Join(c.Mapper.SalesforceFields(), ", "), contactObject, condition))
	for {
		if err != nil {
			return err
		}
		for _, doc := range page.Rows {
			r, err := c.read(record.Salesforce, doc, false)
			if err != nil {
				return err
			}
			do(r)
		}
		if page.Next == "" {
			return nil
		}
		page, err = c.Salesforce.QueryMore(ctx, page.Next)
	}
}

func soqlList(values map[string]bool) string {
	out := slices.Sorted(maps.Keys(values))
	for i, v := range out {
		out[i] = "'" + soqlEscape.Replace(v) + "'"
	}
	return strings.Join(out, ",")
}

// soqlEscape escapes what has a meaning inside a SOQL string literal.
var soqlEscape = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
