package gohighleveltest

import "maps"

// WebhookStats counts webhooks.
type WebhookStats struct {
	Events   int            `json:"events"`   // events that have a URL
	ByEvent  map[string]int `json:"byEvent"`  // likewise
	ByStatus map[int]int    `json:"byStatus"` // tries of true deliveries; 0 is no answer
	// ForgedByStatus are the answers to forged deliveries, which are tried once.
	ForgedByStatus map[int]int `json:"forgedByStatus"`
	Dropped        int         `json:"dropped"`    // events lost on purpose
	Duplicated     int         `json:"duplicated"` // events delivered once more on purpose
	Forged         int         `json:"forged"`
	Retried        int         `json:"retried"`    // tries after the first
	GivenUp        int         `json:"givenUp"`    // deliveries that were never taken
	Overflowed     int         `json:"overflowed"` // deliveries lost because too many waited
	Replayed       int         `json:"replayed"`
	Pending        int         `json:"pending"` // deliveries that wait or run, now
}

func emptyWebhookStats() WebhookStats {
	return WebhookStats{ByEvent: map[string]int{}, ByStatus: map[int]int{}, ForgedByStatus: map[int]int{}}
}

// WebhookStats returns the counts since the start or the last ResetStats.
func (f *Fake) WebhookStats() WebhookStats {
	w := f.webhooks
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.counts
	c.ByEvent, c.ByStatus, c.ForgedByStatus = maps.Clone(c.ByEvent), maps.Clone(c.ByStatus), maps.Clone(c.ForgedByStatus)
	c.Pending = len(w.waiting) + w.running
	return c
}

func (w *webhooks) resetStats() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts = emptyWebhookStats()
}
