package salesforce

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

// usage is what one answer says about the org's allowance.
func usage(header http.Header, refusal *crm.Error) crm.Usage {
	u := parseLimitInfo(header.Get("Sforce-Limit-Info"))
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		u.Date = at.UTC()
	}
	if refusal != nil && refusal.Kind == crm.RateLimited {
		u.Refused = true
		if refusal.RetryAfter != longRunningCallWait { // which is a guess; the budget's own begins smaller and grows
			u.RetryAfterSeconds = int(refusal.RetryAfter / time.Second)
		}
	}
	return u
}

// parseLimitInfo reads the header Sforce-Limit-Info, as "api-usage=18/15000". What it does not understand, it does
// not say. See the REST guide, "Limit Info Header".
func parseLimitInfo(header string) crm.Usage {
	u := crm.Usage{BurstRemaining: -1, DailyLimit: -1, DailyRemaining: -1}
	for part := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == ';' || c == ',' }) {
		name, value, _ := strings.Cut(part, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "api-usage") {
			continue
		}
		usedText, limitText, _ := strings.Cut(value, "/")
		used, errUsed := strconv.Atoi(strings.TrimSpace(usedText))
		limit, errLimit := strconv.Atoi(strings.TrimSpace(limitText))
		if errUsed != nil || errLimit != nil || used < 0 || limit <= 0 {
			continue
		}
		// Paid orgs may overdraw their allowance.
		u.DailyLimit, u.DailyRemaining = limit, max(limit-used, 0)
	}
	return u
}
