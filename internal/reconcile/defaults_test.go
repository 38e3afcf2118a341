package reconcile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/reconcile"
	"github.com/tandem-sync/tandem/internal/record"
)

func TestWhatASideChoseByItselfOnACreateIsNoEditOfIt(t *testing.T) {
	sum := func(_ record.Field, v record.Value) []uint64 {
		if v.Empty() {
			return nil
		}
		return []uint64{uint64(len(v.Text()))}
	}
	next := reconcile.Base{
		record.Title: {GoHighLevel: []uint64{5}, Salesforce: []uint64{5}}, record.Assignee: {}, record.Address: {},
	}
	stored := record.Fields{
		record.Title: record.Scalar("edited since"), record.Assignee: record.Scalar("somebody"), record.Address: nil, record.Body: record.Scalar("x"),
	}
	require.Equal(t, reconcile.Base{
		record.Title:    {GoHighLevel: []uint64{5}, Salesforce: []uint64{5}}, // an edit stays one
		record.Assignee: {Salesforce: []uint64{8}},
		record.Address:  {},
	}, reconcile.Defaults(next, record.Salesforce, stored, sum))
}
