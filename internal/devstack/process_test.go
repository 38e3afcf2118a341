package devstack_test

import (
	"context"
	"io"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

func ignoreTerminate() { signal.Ignore(syscall.SIGTERM) }

func TestAStoppedProcessIsGoneAndThatIsNoError(t *testing.T) {
	p, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{Path: "sleep", Args: []string{"600"}})
	require.NoError(t, err)
	require.True(t, running(p.PID()))
	require.NoError(t, p.Stop(t.Context()))
	requireGone(t, p.PID())
	require.NoError(t, p.Err())
	require.NoError(t, p.Stop(t.Context()), "stopping twice is harmless")
	require.NoError(t, p.Kill())
}

func TestAProcessThatIgnoresTheRequestToStopIsKilledAfterItsGrace(t *testing.T) {
	lines := newLines()
	p, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{
		Name: "stubborn", Path: self(t), Env: asRole("stubborn"), Log: lines, Grace: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	lines.await(t, "ready")
	require.NoError(t, p.Stop(t.Context()))
	requireGone(t, p.PID())
}

func TestACancelledContextCutsTheGraceShort(t *testing.T) {
	lines := newLines()
	p, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{
		Path: self(t), Env: asRole("stubborn"), Log: lines, Grace: time.Hour,
	})
	require.NoError(t, err)
	lines.await(t, "ready")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, p.Stop(ctx))
	requireGone(t, p.PID())
}

func TestAnErrorOfAProcessTellsTheEndOfItsOutput(t *testing.T) {
	p, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{Name: "worker", Path: self(t), Env: asRole("crash")})
	require.NoError(t, err)
	<-p.Done()
	require.EqualError(t, p.Err(), "worker ended: exit status 3; its last lines:\n  the reason is here")
	require.NoError(t, p.Stop(t.Context()))
	require.Error(t, p.Err(), "a later Stop does not hide the crash")
}

func TestWhatAProcessStartedDoesNotOutliveIt(t *testing.T) {
	lines := newLines()
	p, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{
		Path: "sh", Args: []string{"-c", "sleep 600 & echo $!; wait"}, Log: lines,
	})
	require.NoError(t, err)
	child, err := strconv.Atoi(lines.await(t, "\n"))
	require.NoError(t, err)
	require.NoError(t, p.Stop(t.Context()))
	requireGone(t, child)
}

func TestAChildDiesWithItsKilledSupervisor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	cmd, line := startRole(t, "supervisor")
	pid, err := strconv.Atoi(line)
	require.NoError(t, err, line)
	require.True(t, running(pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	requireGone(t, pid)
}

func TestAProcessThatCannotStartSaysWhich(t *testing.T) {
	_, err := devstack.StartProcess(testContext(t), devstack.ProcessOptions{Name: "worker", Path: "/nonexistent/worker"})
	require.ErrorContains(t, err, "start worker: ")
}

// lines collects a child's output.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func newLines() *lines { return &lines{} }

var _ io.Writer = (*lines)(nil)

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// await waits until the output holds the text and returns the whole output, trimmed.
func (l *lines) await(t *testing.T, text string) string {
	t.Helper()
	var got string
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		got = l.text.String()
		return strings.Contains(got, text)
	}, 30*time.Second, 5*time.Millisecond)
	return strings.TrimSpace(got)
}
