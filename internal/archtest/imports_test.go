package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule forbids packages to import others, by way of whomever. Of standard packages only direct imports count.
type rule struct {
	of      []string // whom it holds for
	except  []string // whom it does not hold for, of those
	never   []string
	direct  bool // only direct imports count
	because string
}

// Names that the rules use more than once.
const (
	temporal         = "go.temporal.io/..."
	pgx              = "github.com/jackc/pgx/v5/..."
	oauth2           = "golang.org/x/oauth2/..."
	cobra            = "github.com/spf13/cobra/..."
	zap              = "go.uber.org/zap/..."
	goHighLevel      = "./internal/crm/gohighlevel"
	salesforce       = "./internal/crm/salesforce"
	goHighLevelFake  = "./internal/crm/gohighlevel/gohighleveltest"
	salesforceFake   = "./internal/crm/salesforce/salesforcetest"
	goHighLevelHouse = "./internal/crm/gohighlevel/..."
	salesforceHouse  = "./internal/crm/salesforce/..."
	store            = "./internal/store/..."
	activities       = "./activities/..."
	workflows        = "./workflows/..."
)

// rules is the plan of the house: imports run from the pure packages up to the programs.
var rules = []rule{
	{
		of:      []string{"./internal/record/...", "./internal/reconcile/...", "./internal/rules/...", "./internal/notetask/..."},
		never:   []string{"context", "net/http/...", "os/...", "./internal/crm/...", store, activities, workflows, temporal, pgx},
		because: "what decides is pure, so that every law of it can be tested without a world around it",
	},
	{
		of:      []string{workflows},
		never:   []string{"github.com/markusmobius/go-dateparser/..."},
		because: "it takes half a second to load, which every replay of a history would pay",
	},
	{
		of:      []string{"./internal/crm"},
		never:   []string{goHighLevelHouse, salesforceHouse, pgx, temporal},
		because: "what both clients promise knows neither of them nor who uses it",
	},
	{
		of:      []string{goHighLevelHouse},
		never:   []string{salesforceHouse, activities, workflows, store, "./internal/reconcile/...", temporal, pgx},
		because: "a client knows its vendor and nothing of what Tandem does with it",
	},
	{
		of:      []string{salesforceHouse},
		never:   []string{goHighLevelHouse, activities, workflows, store, "./internal/reconcile/...", temporal, pgx},
		because: "a client knows its vendor and nothing of what Tandem does with it",
	},
	{
		of:      []string{goHighLevelFake},
		never:   []string{goHighLevel},
		because: "a fake that shares code with the client shares its mistakes",
	},
	{
		of:      []string{salesforceFake},
		never:   []string{salesforce},
		because: "a fake that shares code with the client shares its mistakes",
	},
	{
		of:      []string{"./internal/oauth/..."},
		never:   []string{goHighLevelHouse, salesforceHouse, store, activities, workflows, pgx},
		because: "tokens are fetched the same way whoever calls with them and wherever they are kept",
	},
	{
		of:      []string{store},
		never:   []string{activities, workflows, goHighLevelHouse, salesforceHouse, temporal},
		because: "the ledger is asked; it asks nobody",
	},
	{
		of:      []string{"./internal/platform/..."},
		never:   []string{activities, workflows, goHighLevelHouse, salesforceHouse, store},
		because: "logs, metrics and connections to Temporal are the same whatever runs on them",
	},
	{
		of:      []string{"./internal/vault/...", "./internal/budget/..."},
		never:   []string{activities, workflows, goHighLevelHouse, salesforceHouse},
		because: "keys and allowances serve whoever needs them and know nobody",
	},
	{
		of:      []string{"./internal/codec/..."},
		never:   []string{activities, workflows, goHighLevelHouse, salesforceHouse, store, "./internal/platform/...", pgx, cobra},
		because: "what encrypts payloads knows neither what is in them nor where keys are kept",
	},
	{
		of:      []string{activities},
		never:   []string{workflows, goHighLevelHouse, salesforceHouse, store, pgx, oauth2, cobra},
		because: "activities work on the interfaces of crm and of their ledger, so that they are tested without either",
	},
	{
		of:      []string{workflows},
		never:   []string{goHighLevelHouse, salesforceHouse, store, pgx, oauth2, zap, cobra},
		because: "history must stay replayable on any machine, so nothing that does I/O of its own is within reach",
	},
	{
		of:      []string{workflows},
		never:   []string{"context", "net/http/...", "os/...", "sync/...", "math/rand/...", "crypto/..."},
		because: "history must stay replayable: a workflow takes time, chance and concurrency from package workflow only",
	},
	{
		of:      []string{"./internal/intake/..."},
		never:   []string{activities, workflows, goHighLevelHouse, salesforceHouse, store, "./internal/platform/...", "./internal/reconcile/...", temporal, pgx, oauth2, cobra},
		because: "what strangers can reach decides nothing and holds no more than the interfaces it hands its marks to",
	},
	{
		of: []string{"./starter/..."}, direct: true,
		never:   []string{goHighLevelHouse, salesforceHouse},
		because: "the command line starts workflows and prints; it calls no vendor",
	},
	{
		of: []string{"./..."}, except: []string{"./internal/assembly", "./worker"}, direct: true,
		never:   []string{goHighLevel, salesforce},
		because: "only the assembly names the concrete clients, so that everything else can be tested with others",
	},
	{
		of: []string{"./..."}, except: []string{"./internal/devstack/sandbox", "./internal/devstack/stack"}, direct: true,
		never:   []string{goHighLevelFake, salesforceFake},
		because: "fakes are for tests and for the dev stack, and must not find their way into production",
	},
	{
		of: []string{"./worker/...", "./internal/assembly/..."},
		never: []string{goHighLevelFake, salesforceFake, "./internal/devstack/...", cobra, "testing",
			"github.com/brianvoe/gofakeit/v7/..."},
		because: "what runs in production carries nothing that is there for tests and demos",
	},
}

// check returns one line per package and forbidden pattern that the rules catch.
func (g graph) check(rules []rule) []string {
	var found []string
	for _, r := range rules {
		for _, path := range g.ours() {
			if !matchesAny(r.of, path) || matchesAny(r.except, path) {
				continue
			}
			for _, pattern := range r.never {
				if way := g.chain(path, pattern, r.direct); way != nil {
					found = append(found, violation(way, r.because))
				}
			}
		}
	}
	return found
}

func TestImportsRunOneWay(t *testing.T) {
	for _, line := range listed(t).check(rules) {
		t.Error(line)
	}
}

// A rule about a package that has moved away would forbid nothing.
func TestEveryRuleNamesSomethingThatIsThere(t *testing.T) {
	g := listed(t)
	required, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		for _, pattern := range slices.Concat(r.of, r.except, r.never) {
			known := false
			switch host, _, _ := strings.Cut(pattern, "/"); {
			case host == ".":
				known = slices.ContainsFunc(g.ours(), func(path string) bool { return matches(pattern, path) })
			case strings.Contains(host, "."):
				known = strings.Contains(string(required), "\t"+strings.TrimSuffix(pattern, "/..."))
			default:
				known = true // the standard library is always within reach
			}
			if !known {
				t.Errorf("a rule names %s, which is not there (%s)", pattern, r.because)
			}
		}
	}
}

// planted is a small house that keeps to every rule until a test breaks one.
func planted(more ...node) graph {
	g := graph{}
	for _, n := range append([]node{
		{ImportPath: "context", Standard: true, Imports: []string{"sync"}},
		{ImportPath: "sync", Standard: true},
		{ImportPath: "github.com/jackc/pgx/v5/pgconn"},
		{ImportPath: module + "/workflows", Imports: []string{module + "/activities"}},
		{ImportPath: module + "/activities", Imports: []string{"context", module + "/internal/crm"}},
		{ImportPath: module + "/internal/crm", Imports: []string{"context"}},
		{ImportPath: module + "/internal/crm/gohighlevel", Imports: []string{module + "/internal/crm"}},
		{ImportPath: module + "/internal/crm/gohighlevel/gohighleveltest"},
		{ImportPath: module + "/internal/devstack/sandbox", Imports: []string{module + "/internal/crm/gohighlevel/gohighleveltest"}},
		{ImportPath: module + "/starter", Imports: []string{module + "/internal/devstack/sandbox"}},
	}, more...) {
		g[n.ImportPath] = n
	}
	return g
}

func TestAPlantedViolationIsCaughtWithItsShortestChain(t *testing.T) {
	for _, c := range []struct {
		what string
		node node
		want []string // how each line that is found begins
	}{
		{"nothing planted", node{ImportPath: "example.com/other"}, nil},
		{
			"a third-party package behind another of ours",
			node{ImportPath: module + "/internal/crm", Imports: []string{"github.com/jackc/pgx/v5/pgconn"}},
			[]string{
				"internal/crm must not reach github.com/jackc/pgx/v5/pgconn (internal/crm -> github.com/jackc/pgx/v5/pgconn): ",
				"internal/crm/gohighlevel must not reach github.com/jackc/pgx/v5/pgconn (internal/crm/gohighlevel -> internal/crm -> github.com/jackc/pgx/v5/pgconn): ",
				"activities must not reach github.com/jackc/pgx/v5/pgconn (activities -> internal/crm -> github.com/jackc/pgx/v5/pgconn): ",
				"workflows must not reach github.com/jackc/pgx/v5/pgconn (workflows -> activities -> internal/crm -> github.com/jackc/pgx/v5/pgconn): history must stay replayable",
			},
		},
		{
			"a standard package of its own",
			node{ImportPath: module + "/workflows", Imports: []string{"sync", module + "/activities"}},
			[]string{"workflows must not reach sync (workflows -> sync): "},
		},
		{
			"a concrete client that the package names itself",
			node{ImportPath: module + "/starter", Imports: []string{module + "/internal/crm/gohighlevel"}},
			[]string{"starter must not reach internal/crm/gohighlevel (", "starter must not reach internal/crm/gohighlevel ("},
		},
		{
			"a fake outside the dev stack",
			node{ImportPath: module + "/internal/assembly", Imports: []string{module + "/internal/crm/gohighlevel/gohighleveltest"}},
			[]string{"internal/assembly must not reach internal/crm/gohighlevel/gohighleveltest (", "internal/assembly must not reach internal/crm/gohighlevel/gohighleveltest ("},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			found := planted(c.node).check(rules)
			if len(found) != len(c.want) {
				t.Fatalf("found %d lines, want %d:\n%s", len(found), len(c.want), strings.Join(found, "\n"))
			}
			for i, want := range c.want {
				if !strings.HasPrefix(found[i], want) {
					t.Errorf("line %d is\n\t%s\nand should begin with\n\t%s", i, found[i], want)
				}
			}
		})
	}
}

func TestTheChainIsTheShortestOfSeveral(t *testing.T) {
	g := graph{
		"a": {ImportPath: "a", Imports: []string{"b", "d"}},
		"b": {ImportPath: "b", Imports: []string{"c"}},
		"c": {ImportPath: "c", Imports: []string{"target"}},
		"d": {ImportPath: "d", Imports: []string{"a", "target"}},
	}
	if got := g.chain("a", "target", false); !slices.Equal(got, []string{"a", "d", "target"}) {
		t.Errorf("chain is %v", got)
	}
	if got := g.chain("a", "target", true); got != nil {
		t.Errorf("a does not import target itself, but the chain is %v", got)
	}
}
