package gohighlevel

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-sync/tandem/internal/crm"
)

const (
	// dailyWait is how long a location whose day is used up is left alone. HighLevel does not say when its day ends.
	dailyWait = time.Hour
	// longestWait bounds what a header can make us wait.
	longestWait = 24 * time.Hour
)

// UsageFrom reads what a response says about the allowance (HighLevel's guide, "Rate Limits").
func UsageFrom(status int, header http.Header, now time.Time) crm.Usage {
	usage := crm.Usage{
		BurstRemaining: count(header, "X-RateLimit-Remaining"),
		DailyLimit:     count(header, "X-RateLimit-Limit-Daily"),
		DailyRemaining: count(header, "X-RateLimit-Daily-Remaining"),
	}
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		usage.Date = at.UTC()
	}
	if status == http.StatusTooManyRequests {
		usage.Refused = true
		usage.RetryAfterSeconds = int(math.Ceil(retryAfter(header, now).Seconds()))
	}
	return usage
}

// retryAfter is how long a 429 asks to wait, 0 when it does not say.
func retryAfter(header http.Header, now time.Time) time.Duration {
	if text := strings.TrimSpace(header.Get("Retry-After")); text != "" {
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
			return time.Duration(min(seconds, longestWait.Seconds()) * float64(time.Second))
		}
		if at, err := http.ParseTime(text); err == nil {
			return min(max(at.Sub(now), 0), longestWait)
		}
	}
	if count(header, "X-RateLimit-Daily-Remaining") == 0 {
		return dailyWait
	}
	if interval := count(header, "X-RateLimit-Interval-Milliseconds"); interval > 0 {
		return min(time.Duration(interval)*time.Millisecond, longestWait)
	}
	return 0
}

func count(header http.Header, name string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(header.Get(name)), 10, 32)
	if err != nil || n < 0 {
		return -1
	}
	return int(n)
}
