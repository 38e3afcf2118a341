package salesforcetest

import (
	"fmt"
	"math"
	"time"
)

const (
	updatedReachesBack = 30 * 24 * time.Hour
	deletedReachesBack = 15 * 24 * time.Hour
)

// window reads start and end, whose seconds do not count.
func (c *call) window(reachesBack time.Duration) (start, end time.Time, err *apiError) {
	start, okStart := parseDateTime(c.query.Get("start"))
	end, okEnd := parseDateTime(c.query.Get("end"))
	if !okStart || !okEnd {
		return start, end, fail("INVALID_REPLICATION_DATE", "start and end must be dateTimes, with their + sign encoded")
	}
	start, end = start.Truncate(time.Minute), end.Truncate(time.Minute)
	if end.Sub(start) <= time.Minute {
		return start, end, fail("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate")
	}
	if start.Before(c.now.Add(-reachesBack).Truncate(time.Minute)) {
		return start, end, fail("INVALID_REPLICATION_DATE", fmt.Sprintf("startDate cannot be more than %d days ago", int(reachesBack/(24*time.Hour))))
	}
	return start, end, nil
}

// covered is latestDateCovered: the end of the window or, while writes are under way, the stamp of the oldest.
func (c *call) covered(t *table, end time.Time) time.Time {
	if now := c.now.Truncate(time.Second); end.After(now) {
		end = now
	}
	for pos := range t.late {
		if r := t.rows[pos]; r != nil {
			if began := time.Unix(int64(r.stamp), 0).UTC(); began.Before(end) {
				end = began
			}
		}
	}
	return end
}

func notReplicated(t *table, operation string) *apiError {
	if t.object.refuses&noReplication == 0 {
		return nil
	}
	return fail("INVALID_TYPE_FOR_OPERATION", "entity type "+t.object.name+" does not support "+operation)
}

func (c *call) updated(t *table) (*reply, *apiError) {
	if err := notReplicated(t, "getUpdated"); err != nil {
		return nil, err
	}
	start, end, err := c.window(updatedReachesBack)
	if err != nil {
		return nil, err
	}
	defer c.read()()
	b := []byte(`{"ids":[`)
	first := true
	low, high := uint64(start.Unix())<<32, uint64(end.Unix())<<32|math.MaxUint32
	t.stamps.ascend(low, high, func(key uint64) bool {
		pos := uint32(key)
		if r := t.seen(pos); r != nil && !r.deleted {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(append(append(b, '"'), t.id(pos)...), '"')
		}
		return true
	})
	return json200(fmt.Appendf(b, `],"latestDateCovered":"%s"}`, c.covered(t, end).Format(dateTimeLayout))), nil
}

func (c *call) deletedRows(t *table) (*reply, *apiError) {
	if err := notReplicated(t, "getDeleted"); err != nil {
		return nil, err
	}
	start, end, err := c.window(deletedReachesBack)
	if err != nil {
		return nil, err
	}
	defer c.read()()
	b := []byte(`{"deletedRecords":[`)
	last := map[uint32]int{}
	for i, d := range t.deletes {
		last[d.pos] = i
	}
	first := true
	for i, d := range t.deletes {
		at := time.Unix(int64(d.at), 0).UTC()
		seen := t.seen(d.pos)
		if at.Before(start) || at.After(end) || last[d.pos] != i || seen != nil && !seen.deleted {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = fmt.Appendf(b, `{"deletedDate":"%s","id":"%s"}`, at.Format(dateTimeLayout), t.id(d.pos))
	}
	earliest := c.now.Add(-deletedReachesBack).Truncate(time.Minute)
	return json200(fmt.Appendf(b, `],"earliestDateAvailable":"%s","latestDateCovered":"%s"}`,
		earliest.Format(dateTimeLayout), c.covered(t, end).Format(dateTimeLayout))), nil
}
