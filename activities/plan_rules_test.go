package activities_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/activities"
	"github.com/tandem-sync/tandem/internal/crm"
	"github.com/tandem-sync/tandem/internal/record"
)

// rulesText is the connection's rules as they are stored.
func (w *world) rulesText() string {
	w.t.Helper()
	row, err := w.store.GetConnection(w.t.Context(), acme)
	require.NoError(w.t, err)
	return row.Rules
}

// planned compares rules with those in force, in slices of a size.
func (w *world) planned(text string, size, samples int) activities.RulesDifference {
	w.t.Helper()
	var found activities.RulesDifference
	for after, n := int64(0), 0; ; n++ {
		require.Less(w.t, n, 100)
		out := do[activities.PlanRulesResult](w, onContacts.PlanRules,
			activities.PlanRulesInput{Connection: acme, Rules: text, After: after, Size: size, Samples: samples})
		found.Add(out.Found, samples)
		if after = out.Last; after == 0 {
			return found
		}
	}
}

func filtered(text, filter string) string {
	return strings.Replace(text, "  fields:\n", "  filter: '"+filter+"'\n  fields:\n", 1)
}

func TestRulesThatSayTheSameDecideNothingOtherwise(t *testing.T) {
	w := newWorld(t, setting{})
	for i := range 5 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
	}
	w.onboard()
	w.ghl.ResetStats()
	w.sf.ResetStats()
	require.Equal(t, activities.RulesDifference{Looked: 5, Compared: 5}, w.planned(w.rulesText()+"# a remark\n", 200, 5))
	require.Zero(t, w.writes(), "a plan writes nothing")
	require.LessOrEqual(t, w.ghl.Stats().ByOperation["POST /contacts/search"], 1)
	require.Zero(t, w.ghl.Stats().ByOperation["GET /contacts/{contactId}"])
}

func TestAFilterThatLeavesContactsOutIsCountedBeforeItDoes(t *testing.T) {
	w := newWorld(t, setting{})
	for i, city := range []string{"York", "Sealand", "Sealand", "Leeds"} {
		c := contact("Lovelace", fmt.Sprintf("ada%d@example.com", i))
		c.City = city
		w.addGoHighLevel(c)
	}
	w.onboard()
	text := filtered(w.rulesText(), `city != "Sealand"`)
	for _, size := range []int{1, 3, 4, 200} {
		got := w.planned(text, size, 1)
		require.Equal(t, 4, got.Looked)
		require.Equal(t, 2, got.Differing, "in slices of %d", size)
		require.Equal(t, []activities.DifferenceCount{{FieldDifference: activities.FieldDifference{Kind: activities.NowExcluded}, Links: 2}}, got.Counts)
		require.Len(t, got.Samples, 1)
		require.Equal(t, []activities.FieldDifference{{Kind: activities.NowExcluded}}, got.Samples[0].Differences)
	}
}

func TestAFilterThatLetsContactsInIsCountedBeforeItDoes(t *testing.T) {
	w := newWorld(t, setting{editRules: func(r string) string { return filtered(r, `city != "Sealand"`) }})
	c := contact("Lovelace", "ada@example.com")
	c.City = "Sealand"
	w.addGoHighLevel(c)
	w.onboard()
	text := strings.Replace(w.rulesText(), `"Sealand"`, `"Nowhere"`, 1)
	require.Equal(t, []activities.DifferenceCount{{FieldDifference: activities.FieldDifference{Kind: activities.NowIncluded}, Links: 1}}, w.planned(text, 200, 5).Counts)
}

func TestRulesThatDecideAConflictOtherwiseAreToldByFieldAndKind(t *testing.T) {
	byConflict := func(rule string) func(string) string {
		return func(text string) string { return withCity(text, "{salesforce: MailingCity, conflict: "+rule+"}") }
	}
	w := newWorld(t, setting{editRules: byConflict("salesforce")})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	s := w.addSalesforce(row("Lovelace", "ada@example.com"))
	w.onboard()
	require.NoError(t, w.ghl.Edit(g, map[string]any{"city": "York"}))
	require.NoError(t, w.sf.Edit("Contact", s, map[string]any{"MailingCity": "Leeds"}))
	link := w.linkOf(record.GoHighLevel, g).ID
	for text, kind := range map[string]activities.DifferenceKind{
		byConflict("gohighlevel")(w.rulesText()):    activities.OtherWinner,
		byConflict("ask")(w.rulesText()):            activities.NowAsks,
		withCity(w.rulesText(), "{direction: off}"): activities.NoWrite,
		withCity(w.rulesText(), "{to_gohighlevel: 'upper(value)', salesforce: MailingCity, conflict: salesforce}"): activities.OtherValue,
	} {
		got := w.planned(text, 200, 5)
		difference := activities.FieldDifference{Field: record.City, Kind: kind}
		require.Equal(t, []activities.DifferenceCount{{FieldDifference: difference, Links: 1}}, got.Counts, text)
		require.Equal(t, []activities.DifferenceSample{{LinkID: link, Differences: []activities.FieldDifference{difference}}}, got.Samples)
	}
}

// withCity returns a rules file with another rule for the city.
func withCity(text, rule string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "    city:") })
	return strings.Replace(strings.Join(lines, "\n"), "  fields:\n", "  fields:\n    city: "+rule+"\n", 1)
}

func TestWhatIsGoneOrLeftAloneIsNotCompared(t *testing.T) {
	w := newWorld(t, setting{})
	g := w.addGoHighLevel(contact("Lovelace", "ada@example.com"))
	w.addGoHighLevel(contact("Hamilton", "margaret@example.com"))
	w.addGoHighLevel(contact("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(row("Martin-Smith", "the.martins@example.com"))
	w.addSalesforce(row("Martin-Jones", "the.martins@example.com"))
	w.onboard()
	require.NoError(t, w.ghl.Delete(g))
	got := w.planned(filtered(w.rulesText(), `city != ""`), 200, 5)
	require.Equal(t, 5, got.Looked)
	require.Equal(t, 1, got.Compared)
	require.Equal(t, 1, got.Differing)
}

func TestAPlanReadsEachContactWhereTheVendorDoesNotSearchByIDs(t *testing.T) {
	var refusing atomic.Bool
	w := newWorld(t, setting{notDescribed: true, between: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if refusing.Load() && r.URL.Path == "/contacts/search" {
				http.Error(rw, `{"statusCode": 400, "message": "no such filter"}`, http.StatusBadRequest)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	for i := range 3 {
		w.addGoHighLevel(contact("Lovelace", fmt.Sprintf("ada%d@example.com", i)))
	}
	w.onboard()
	refusing.Store(true)
	require.Equal(t, 3, w.planned(filtered(w.rulesText(), `city != ""`), 200, 0).Differing)
}

func TestRulesThatDoNotLoadOrBelongElsewhereAreNotPlanned(t *testing.T) {
	w := newWorld(t, setting{})
	w.onboard()
	location := w.ghl.LocationID()
	for _, text := range []string{"nonsense", strings.Replace(w.rulesText(), location, "L0000000000000000000", 1)} {
		_, err := w.try(onContacts.PlanRules, activities.PlanRulesInput{Connection: acme, Rules: text, Size: 10})
		require.Equal(t, crm.Invalid, kindOf(t, err))
	}
}

func TestDifferencesAddUpInOneOrder(t *testing.T) {
	one := func(field record.Field, kind activities.DifferenceKind, n int) activities.DifferenceCount {
		return activities.DifferenceCount{FieldDifference: activities.FieldDifference{Field: field, Kind: kind}, Links: n}
	}
	var sum activities.RulesDifference
	for _, c := range []activities.DifferenceCount{
		one(record.Phone, activities.NowAsks, 1), one(record.City, activities.NowAsks, 2), one("", activities.NowExcluded, 3),
		one(record.City, activities.NewWrite, 4), one(record.Phone, activities.NowAsks, 5),
	} {
		sum.Add(activities.RulesDifference{Looked: 1, Counts: []activities.DifferenceCount{c}}, 0)
	}
	require.Equal(t, activities.RulesDifference{Looked: 5, Counts: []activities.DifferenceCount{
		one("", activities.NowExcluded, 3), one(record.City, activities.NewWrite, 4), one(record.City, activities.NowAsks, 2),
		one(record.Phone, activities.NowAsks, 6),
	}}, sum)
}
