package gohighleveltest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// indexedTask is a task as searches see it.
type indexedTask struct {
	Task
	Deleted bool
}

// taskIndex is what searches for tasks see: every task that ever was, in the order of its date added and id.
type taskIndex struct {
	rows  []*indexedTask
	queue []taskWrite
	head  int // of the queue
}

type taskWrite struct {
	due  time.Time
	task *indexedTask
}

func (x *taskIndex) write(t *indexedTask, now time.Time, lag time.Duration) {
	x.catchUp(now)
	if lag <= 0 && len(x.queue) == x.head {
		x.apply(t)
		return
	}
	due := now.Add(lag)
	if n := len(x.queue); n > x.head && due.Before(x.queue[n-1].due) {
		due = x.queue[n-1].due
	}
	x.queue = append(x.queue, taskWrite{due, t})
}

func (x *taskIndex) late(now time.Time) bool {
	return x.head < len(x.queue) && !x.queue[x.head].due.After(now)
}

// catchUp applies the queued writes that are due.
func (x *taskIndex) catchUp(now time.Time) {
	for x.late(now) {
		x.apply(x.queue[x.head].task)
		x.queue[x.head] = taskWrite{}
		x.head++
	}
	if x.head == len(x.queue) {
		x.queue, x.head = x.queue[:0], 0
	}
}

// taskPlace is a position in the order.
type taskPlace struct {
	added int64
	id    string
}

func (p taskPlace) compare(t *indexedTask) int {
	if c := cmp.Compare(t.DateAdded.UnixMilli(), p.added); c != 0 {
		return c
	}
	return strings.Compare(t.ID, p.id)
}

func (x *taskIndex) seek(p taskPlace) (int, bool) {
	return slices.BinarySearchFunc(x.rows, p, func(t *indexedTask, p taskPlace) int { return p.compare(t) })
}

func (x *taskIndex) apply(t *indexedTask) {
	i, there := x.seek(taskPlace{t.DateAdded.UnixMilli(), t.ID})
	if there {
		x.rows[i] = t
		return
	}
	x.rows = slices.Insert(x.rows, i, t)
}

// before returns up to limit tasks that match, the newest first, of those before a place, after passing over some.
func (x *taskIndex) before(p *taskPlace, skip, limit int, matches func(*indexedTask) bool) []*indexedTask {
	end := len(x.rows)
	if p != nil {
		end, _ = x.seek(*p)
	}
	var found []*indexedTask
	for i := end - 1; i >= 0 && len(found) < limit; i-- {
		switch t := x.rows[i]; {
		case !matches(t):
		case skip > 0:
			skip--
		default:
			found = append(found, t)
		}
	}
	return found
}

// view calls do with the index as it stands now; do must not keep it.
func (l *timeline) view(now time.Time, do func(*taskIndex)) {
	l.mu.RLock()
	if !l.index.late(now) {
		defer l.mu.RUnlock()
		do(&l.index)
		return
	}
	l.mu.RUnlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.index.catchUp(now)
	do(&l.index)
}
