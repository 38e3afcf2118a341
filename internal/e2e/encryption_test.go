package e2e

import (
	"testing"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/converter"
)

// decrypt makes a history readable, as one that an earlier version recorded.
func (s *system) decrypt(t testing.TB, h *history.History) {
	t.Helper()
	codec := s.Codec()
	err := proxy.VisitFailures(t.Context(), h, proxy.VisitFailuresOptions{
		Visitor: func(_ *proxy.VisitFailuresContext, f *failure.Failure) error {
			for ; f != nil; f = f.GetCause() {
				converter.DecodeCommonFailureAttributes(codec.Converter(), f)
				f.EncodedAttributes = nil
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	err = proxy.VisitPayloads(t.Context(), h, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			return codec.Decode(p)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}
