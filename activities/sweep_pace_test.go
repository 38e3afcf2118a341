package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/activities"
)

var bounds = activities.PaceBounds{Fastest: time.Minute, Slowest: 15 * time.Minute}

func TestTheIntervalFollowsActivity(t *testing.T) {
	for _, c := range []struct {
		what string
		pace activities.Pace
		want time.Duration
	}{
		{"the first poll is followed soon", activities.Pace{Left: -1}, 90 * time.Second},
		{"changes halve it", activities.Pace{Left: -1, Changes: 1, Last: 8 * time.Minute}, 4 * time.Minute},
		{"it is never below the fastest", activities.Pace{Left: -1, Changes: 9, Last: time.Minute}, time.Minute},
		{"silence lengthens it by half", activities.Pace{Left: -1, Last: 4 * time.Minute}, 6 * time.Minute},
		{"it is never above the slowest", activities.Pace{Left: -1, Last: 14 * time.Minute}, 15 * time.Minute},
		{"a small rest of the day slows it down", activities.Pace{Calls: 2, Left: 200, Reset: 10 * time.Hour, Changes: 1, Last: time.Minute}, time.Hour + 1},
		{"no rest of the day stops it until the next", activities.Pace{Calls: 2, Left: 10, Reset: 10 * time.Hour, Changes: 1, Last: time.Minute}, 10 * time.Hour},
		{"a large rest does not matter", activities.Pace{Calls: 2, Left: 100_000, Reset: 10 * time.Hour, Changes: 1, Last: time.Minute}, time.Minute},
	} {
		t.Run(c.what, func(t *testing.T) {
			require.Equal(t, c.want, activities.NextInterval(bounds, c.pace))
		})
	}
}

func paces(t *rapid.T) (activities.PaceBounds, activities.Pace) {
	fastest := time.Duration(rapid.Int64Range(int64(time.Second), int64(time.Hour)).Draw(t, "fastest"))
	b := activities.PaceBounds{Fastest: fastest, Slowest: fastest + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more"))}
	return b, activities.Pace{
		Calls: rapid.IntRange(0, 1000).Draw(t, "calls"), Left: rapid.IntRange(-1, 300_000).Draw(t, "left"),
		Reset:   time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "reset")),
		Changes: rapid.IntRange(0, 3).Draw(t, "changes"), Last: time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "last")),
	}
}

func TestPollingNeverUsesMoreThanATenthOfWhatIsLeftOfTheDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, p := paces(t)
		next := activities.NextInterval(b, p)
		require.Positive(t, next)
		if p.Left < 0 {
			return
		}
		polls := int64((p.Reset - 1) / next) // those before the reset
		require.LessOrEqual(t, polls*int64(p.Calls)*10, int64(p.Left))
	})
}

func TestTheIntervalLeavesItsBoundsOnlyForTheAllowance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, p := paces(t)
		next := activities.NextInterval(b, p)
		require.GreaterOrEqual(t, next, b.Fastest)
		p.Left = -1
		free := activities.NextInterval(b, p)
		require.LessOrEqual(t, free, b.Slowest)
		require.LessOrEqual(t, free, next)
	})
}

func TestChangesNeverLengthenTheIntervalAndSilenceNeverShortensIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, p := paces(t)
		p.Left = -1
		last := min(max(p.Last, b.Fastest), b.Slowest)
		p.Changes = 0
		require.GreaterOrEqual(t, activities.NextInterval(b, p), last)
		p.Changes = 1
		require.LessOrEqual(t, activities.NextInterval(b, p), last)
	})
}
