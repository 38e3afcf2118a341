package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lockServer takes the right to run a server of that name on a data directory, until the file is closed or this process
// ends. Whoever holds it knows that any such server still running has lost its supervisor.
func lockServer(ctx context.Context, dir, name string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	f, err := lockFile(ctx, filepath.Join(dir, name+".lock"), nil)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("another process runs %s on %s", name, dir)
	}
	return f, err
}

// stopOrphan ends the server that a killed supervisor left behind: the process named in the pid file, if its command
// line shows that it works on our data. Anything else that has that id by now is left alone.
func stopOrphan(ctx context.Context, pidFile, data string) error {
	pid, err := readPID(pidFile)
	if err != nil || !worksOn(pid, data) {
		return err
	}
	orphan, err := os.FindProcess(pid)
	if err != nil {
		return nil
	}
	// SIGINT is what both servers take for a prompt and clean end.
	if err := orphan.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the server left behind by an earlier run (pid %d): %w", pid, err)
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	grace := time.NewTimer(10 * time.Second)
	defer grace.Stop()
	for worksOn(pid, data) {
		select {
		case <-tick.C:
		case <-grace.C:
			if err := killGroup(pid); err != nil {
				return fmt.Errorf("kill the server left behind by an earlier run (pid %d): %w", pid, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("the server left behind by an earlier run (pid %d) does not end: %w", pid, ctx.Err())
		}
	}
	return nil
}

func worksOn(pid int, data string) bool {
	return pid > 1 && alive(pid) && strings.Contains(commandLine(pid), data)
}

// killAll kills those of the processes whose command line still shows the program's name, and waits until they are gone.
func killAll(ctx context.Context, pids []int, program string) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, pid := range pids {
		for worksOn(pid, program) {
			p, err := os.FindProcess(pid)
			if err != nil {
				break
			}
			if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return fmt.Errorf("kill %s (pid %d): %w", program, pid, err)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("%s (pid %d) does not end: %w", program, pid, ctx.Err())
			}
		}
	}
	return nil
}

// readPID returns the process id on the first line of a pid file, 0 when there is none.
func readPID(pidFile string) (int, error) {
	b, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, nil
	}
	return pid, nil
}
