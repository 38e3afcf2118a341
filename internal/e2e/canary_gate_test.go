package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tandem-sync/tandem/internal/record"
)

// gate stands before a vendor's API, which may refuse whoever asks: by a status, and quoting whatever it was sent, the token
// too, as a careless gateway does.
type gate struct {
	t      testing.TB
	side   record.Side
	status atomic.Int64 // 0 lets everything through
	struck atomic.Int64
}

// refuse shuts the gate by a status, 0 opens it.
func (g *gate) refuse(status int) {
	g.struck.Store(0)
	g.status.Store(int64(status))
}

func (g *gate) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := int(g.status.Load())
		if status == 0 || strings.Contains(r.URL.Path, "oauth") || strings.HasPrefix(r.URL.Path, "/__") {
			next.ServeHTTP(w, r)
			return
		}
		g.struck.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			g.t.Error(err)
		}
		sent := strings.Join([]string{"refused", r.URL.String(), string(body), r.Header.Get("Authorization")}, " ")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if g.side == record.GoHighLevel {
			_, _ = fmt.Fprintf(w, `{"statusCode":%d,"message":%q,"error":%q,"traceId":%q}`, status, sent, sent, sent)
			return
		}
		code := map[int]string{http.StatusUnauthorized: "INVALID_SESSION_ID", http.StatusForbidden: "API_DISABLED_FOR_ORG"}[status]
		_, _ = fmt.Fprintf(w, `[{"errorCode":%q,"message":%q,"fields":[%q]}]`, code, sent, sent)
	})
}
