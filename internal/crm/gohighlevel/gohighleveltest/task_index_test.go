package gohighleveltest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens between the pages, a task that is there all the while is read exactly once.
func TestATaskIsReadOnceWhateverHappensBetweenPages(t *testing.T) {
	began := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var x taskIndex
		now := began
		lag := time.Duration(rapid.IntRange(0, 3).Draw(t, "lag")) * time.Second
		all := map[string]*indexedTask{}
		add := func(id string) {
			at := began.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "added")) * time.Minute)
			all[id] = &indexedTask{Task: Task{ID: id, DateAdded: at, DateUpdated: at}}
			x.write(all[id], now, lag)
		}
		standing := rapid.IntRange(0, 30).Draw(t, "tasks")
		for i := range standing {
			add(fmt.Sprintf("standing-%02d", i))
		}
		now = now.Add(time.Minute)
		x.catchUp(now)

		limit := rapid.IntRange(1, 7).Draw(t, "limit")
		seen := map[string]int{}
		var after *taskPlace
		for page := 0; ; page++ {
			rows := x.before(after, 0, limit, func(t *indexedTask) bool { return !t.Deleted })
			for _, r := range rows {
				seen[r.ID]++
			}
			if len(rows) < limit {
				break
			}
			end := rows[len(rows)-1]
			after = &taskPlace{end.DateAdded.UnixMilli(), end.ID}
			for i := range rapid.IntRange(0, 4).Draw(t, "changes") {
				switch rapid.IntRange(0, 2).Draw(t, "change") {
				case 0:
					add(fmt.Sprintf("passing-%02d-%d", page, i))
				case 1: // an edit
					if id := fmt.Sprintf("standing-%02d", rapid.IntRange(0, max(0, standing-1)).Draw(t, "edited")); all[id] != nil {
						edited := *all[id]
						edited.DateUpdated = now
						x.write(&edited, now, lag)
					}
				case 2: // a deletion of what came meanwhile
					if id := fmt.Sprintf("passing-%02d-0", page); all[id] != nil {
						gone := *all[id]
						gone.Deleted = true
						x.write(&gone, now, lag)
					}
				}
			}
			now = now.Add(time.Second)
			x.catchUp(now)
		}
		for i := range standing {
			if id := fmt.Sprintf("standing-%02d", i); seen[id] != 1 {
				t.Fatalf("%s was read %d times", id, seen[id])
			}
		}
		for id, n := range seen {
			if n != 1 {
				t.Fatalf("%s was read %d times", id, n)
			}
		}
	})
}
