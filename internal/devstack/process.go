package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ProcessOptions describes a child process.
type ProcessOptions struct {
	Name string    // how errors call it
	Path string    // the program
	Args []string  // its arguments, without its own name
	Env  []string  // its whole environment; nil means the caller's
	Dir  string    // its working directory; "" means the caller's
	Log  io.Writer // receives its output; may be nil
	// Grace is how long Stop waits before it kills; 0 means 10 seconds.
	Grace time.Duration

	stopSignal os.Signal // what asks it to stop; nil means SIGTERM
	user       *account  // whom it runs as; nil means the caller
}

// Process is a supervised child in a process group of its own: Ctrl-C reaches only its supervisor, and on Linux the
// kernel kills it when the supervisor dies.
type Process struct {
	name       string
	pid        int
	grace      time.Duration
	stopSignal os.Signal
	handle     *os.Process
	out        *output
	done       chan struct{}
	waitErr    error // readable once done is closed

	mu      sync.Mutex
	stopped bool
}

// StartProcess starts a child. The context bounds the start only: cancelling it later changes nothing, Stop and Kill
// end the process.
func StartProcess(ctx context.Context, o ProcessOptions) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = filepath.Base(o.Path)
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	if o.stopSignal == nil {
		o.stopSignal = syscall.SIGTERM
	}
	p := &Process{name: o.Name, grace: o.Grace, stopSignal: o.stopSignal, out: &output{log: o.Log}, done: make(chan struct{})}
	cmd := exec.Command(o.Path, o.Args...)
	cmd.Env, cmd.Dir = o.Env, o.Dir
	cmd.Stdout, cmd.Stderr = p.out, p.out
	// A grandchild that keeps the pipe open must not keep Wait from returning.
	cmd.WaitDelay = 2 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	ownGroup(cmd.SysProcAttr)
	if o.user != nil {
		runAs(cmd.SysProcAttr, *o.user)
	}
	started := make(chan error, 1)
	go func() {
		// The kernel kills the child when the thread that started it ends, so that thread stays until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.waitErr = cmd.Wait()
		_ = killGroup(cmd.Process.Pid) // nothing it started stays behind
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Name, err)
	}
	p.handle, p.pid = cmd.Process, cmd.Process.Pid
	return p, nil
}

// PID returns the process id, also after the process has ended.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended, with the end of its output: nil while it runs, after it exited with status 0, and
// after Stop or Kill.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.waitErr == nil {
		return nil
	}
	return fmt.Errorf("%s ended: %w%s", p.name, p.waitErr, p.out.lastLines())
}

// Stop asks the process to end and waits for it; when the grace is over or ctx is done it is killed with its whole
// group. Stopping an ended process succeeds.
func (p *Process) Stop(ctx context.Context) error {
	p.ending()
	if err := p.handle.Signal(p.stopSignal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return p.Kill()
	}
	timer := time.NewTimer(p.grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return p.Kill()
}

// Kill ends the process and its whole group at once and waits until it is gone. Killing an ended process succeeds.
func (p *Process) Kill() error {
	p.ending()
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := killGroup(p.pid); err != nil {
		return fmt.Errorf("kill %s (pid %d): %w", p.name, p.pid, err)
	}
	<-p.done
	return nil
}

// ending notes that the end to come is wanted.
func (p *Process) ending() {
	select {
	case <-p.done:
		return
	default:
	}
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
}

// output takes what a child prints: it passes it on and keeps the end of it for error messages.
type output struct {
	mu   sync.Mutex
	tail []byte
	log  io.Writer
}

const tailBytes = 4096

// Write never fails: a log that cannot be written must not end the child.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = append(o.tail, b...)
	if len(o.tail) > tailBytes {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-tailBytes:]...)
	}
	if o.log != nil {
		_, _ = o.log.Write(b)
	}
	return len(b), nil
}

// lastLines returns the end of the output as a text to append to an error.
func (o *output) lastLines() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strings.TrimSpace(string(o.tail))
	if text == "" {
		return " (it printed nothing)"
	}
	lines := strings.Split(text, "\n")
	if len(lines) > 15 {
		lines = lines[len(lines)-15:]
	}
	return "; its last lines:\n  " + strings.Join(lines, "\n  ")
}

func (o *output) contains(s string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(string(o.tail), s)
}
