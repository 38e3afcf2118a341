package devstack_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-sync/tandem/internal/devstack"
)

// The test program is also the child of some tests: what it plays is in this variable.
const role = "DEVSTACK_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "supervisor":
		playSupervisor()
	case "stubborn":
		playStubborn()
	case "crash":
		fmt.Println("the reason is here")
		os.Exit(3)
	}
}

// playSupervisor starts a child, prints its process id and waits to be killed.
func playSupervisor() {
	p, err := devstack.StartProcess(context.Background(), devstack.ProcessOptions{Name: "sleeper", Path: "sleep", Args: []string{"600"}})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	<-p.Done()
}

// playStubborn ignores SIGTERM and says when it does.
func playStubborn() {
	ignoreTerminate()
	fmt.Println("ready")
	select {}
}

func asRole(name string) []string { return append(os.Environ(), role+"="+name) }

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// dataDir is a fresh directory that a Postgres of another user can reach.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := devstack.NewTempDataDir()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// requireGone waits until no process has that id. A zombie nobody collects counts as gone.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool { return !running(pid) }, 10*time.Second, 10*time.Millisecond, "process %d is still there", pid)
}

func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(b[strings.LastIndexByte(string(b), ')'):]), ") Z ")
}

// startRole runs the test program in a role and returns the first line it prints.
func startRole(t *testing.T, name string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(self(t))
	cmd.Env = asRole(name)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return cmd, strings.TrimSpace(line)
}
