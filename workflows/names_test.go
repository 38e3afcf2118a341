package workflows

import (
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/worker"
)

// names takes down under which names a worker would know what is registered.
type names struct {
	worker.WorkflowRegistry
	worker.ActivityRegistry
	all []string
}

func (n *names) RegisterWorkflow(w any) {
	full := runtime.FuncForPC(reflect.ValueOf(w).Pointer()).Name()
	n.all = append(n.all, "workflow "+full[strings.LastIndex(full, ".")+1:])
}

func (n *names) RegisterActivity(a any) {
	for i := range reflect.TypeOf(a).NumMethod() {
		n.all = append(n.all, "activity "+reflect.TypeOf(a).Method(i).Name)
	}
}

// registered returns the names of everything that a worker registers.
func registered() []string {
	n := &names{}
	Register(n)
	RegisterActivities(n, nil, nil, nil)
	n.all = append(n.all, "query "+QueryProgress,
		"signal "+SignalRing, "signal "+SignalChanged, "signal "+SignalParked, "update "+UpdateDecide)
	slices.Sort(n.all)
	return n.all
}

// Names enter histories and the code of whoever starts runs. A new one is added to testdata/names.txt. One that is there
// stays for as long as a run that knows it is open or retained; only then is it taken out, together with the code.
func TestNamesThatEnterHistoriesStayAsTheyAre(t *testing.T) {
	text, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden := strings.Split(strings.TrimSpace(string(text)), "\n")
	if !slices.IsSorted(golden) {
		t.Error("testdata/names.txt is not sorted")
	}
	got := registered()
	for _, name := range golden {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not registered any more: runs in the middle of it cannot go on", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(golden, name) {
			t.Errorf("%s is new: add it to testdata/names.txt", name)
		}
	}
	if n := len(slices.Compact(got)); n != len(registered()) {
		t.Error("a name is registered twice")
	}
}
