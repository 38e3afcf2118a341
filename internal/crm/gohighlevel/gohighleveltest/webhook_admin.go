package gohighleveltest

import (
	"net/http"
	"time"
)

// adminWebhooks is the developer portal's part of the admin API.
func (f *Fake) adminWebhooks(m *http.ServeMux) {
	m.HandleFunc("GET /__admin/webhooks", func(w http.ResponseWriter, _ *http.Request) {
		adminReply(w, map[string]any{
			"endpoints": f.webhooks.endpoints(), "publicKey": f.WebhookPublicKey(), "legacyPublicKey": f.WebhookLegacyPublicKey(),
		}, nil)
	})
	m.HandleFunc("POST /__admin/webhooks", adminCall(func(_ *http.Request, e WebhookEndpoint) (any, error) {
		return map[string]any{}, f.SetWebhookURL(e.URL, e.Events...)
	}))
	m.HandleFunc("POST /__admin/webhooks/faults", adminCall(func(_ *http.Request, faults WebhookFaults) (any, error) {
		return map[string]any{}, f.SetWebhookFaults(faults)
	}))
	m.HandleFunc("POST /__admin/webhooks/replay", adminCall(func(_ *http.Request, in struct{ Since time.Time }) (any, error) {
		return map[string]any{"events": f.Replay(in.Since)}, nil
	}))
	m.HandleFunc("POST /__admin/install", func(w http.ResponseWriter, _ *http.Request) {
		f.Install()
		adminReply(w, map[string]any{}, nil)
	})
	m.HandleFunc("POST /__admin/uninstall", func(w http.ResponseWriter, _ *http.Request) {
		f.Uninstall()
		adminReply(w, map[string]any{}, nil)
	})
}
