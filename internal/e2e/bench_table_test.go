package e2e

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// figureTable prints what was measured, with the target beside each figure.
type figureTable struct{ *tabwriter.Writer }

func newFigureTable(title string) figureTable {
	t := figureTable{tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight|tabwriter.Debug)}
	t.row(title, "figure", "target")
	return t
}

func (t figureTable) row(what, figure, target string) {
	_, _ = fmt.Fprintf(t, "%s\t %s\t %s\t\n", what, figure, target) // the error comes from Flush
}

func (t figureTable) print(b *testing.B) {
	fmt.Printf("\n%s/%s, %d cores, load %s, Temporal and Postgres and both fakes on the same machine\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load())
	if err := t.Flush(); err != nil {
		b.Fatal(err)
	}
}

// load is how many processes wanted to run in the last minute, on average: above the number of cores, every time that was
// measured is too long.
func load() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(averages), " ")
	return first
}

// percentile returns the time that a share of the times does not exceed.
func percentile(times []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[int(share*float64(len(sorted)-1))]
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func per(n, of int) string { return fmt.Sprintf("%.3f", float64(n)/float64(of)) }
