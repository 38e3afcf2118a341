package store

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-sync/tandem/internal/record"
)

// The codes that the tables hold for the words of package record. They are stored: never renumber one.
const (
	codeGoHighLevel int16 = 1
	codeSalesforce  int16 = 2

	laneBulk int16 = 0
)

var (
	stateCodes = map[record.LinkState]int16{
		record.LinkNew: 1, record.LinkInStep: 2, record.LinkInReview: 3, record.LinkFailed: 4, record.LinkExcluded: 5,
		record.LinkDeleted: 6, record.LinkParted: 7,
	}
	sideCodes      = map[record.Side]int16{record.GoHighLevel: codeGoHighLevel, record.Salesforce: codeSalesforce}
	states         = inverse(stateCodes)
	operationCodes = map[record.Operation]int16{record.Create: 1, record.Update: 2, record.Delete: 3}
	operations     = inverse(operationCodes)
	kindCodes      = map[record.Kind]int16{record.Contact: 1, record.Task: 2, record.Note: 3, record.Appointment: 4}
	kinds          = inverse(kindCodes)
	allKinds       = slices.Sorted(maps.Values(kindCodes))
)

func inverse[K, V comparable](m map[K]V) map[V]K {
	inv := make(map[V]K, len(m))
	for k, v := range m {
		inv[v] = k
	}
	return inv
}

func sideCode(s record.Side) (int16, error) {
	switch s {
	case record.GoHighLevel:
		return codeGoHighLevel, nil
	case record.Salesforce:
		return codeSalesforce, nil
	default:
		return 0, fmt.Errorf("store: unknown side %q", s)
	}
}

func sideOf(code int16) record.Side {
	if code == codeGoHighLevel {
		return record.GoHighLevel
	}
	return record.Salesforce
}

func kindCode(k record.Kind) (int16, error) {
	code, ok := kindCodes[k]
	if !ok {
		return 0, fmt.Errorf("store: unknown kind %q", k)
	}
	return code, nil
}

func kindOf(code int16) record.Kind { return kinds[code] }

func stateCode(s record.LinkState) (int16, error) {
	code, ok := stateCodes[s]
	if !ok {
		return 0, fmt.Errorf("store: unknown link state %q", s)
	}
	return code, nil
}

func operationCode(o record.Operation) (int16, error) {
	code, ok := operationCodes[o]
	if !ok {
		return 0, fmt.Errorf("store: unknown operation %q", o)
	}
	return code, nil
}
