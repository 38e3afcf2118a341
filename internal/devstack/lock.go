package devstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotRunning means that no dev stack runs on a data directory.
var ErrNotRunning = errors.New("no dev stack runs here")

// State is what another process needs to find and use a running dev stack. DatabaseURL holds a password, so the file
// is readable by its owner only.
type State struct {
	PID             int       `json:"pid"` // of the supervisor; set by Lock
	StartedAt       time.Time `json:"startedAt"`
	TemporalAddress string    `json:"temporalAddress,omitempty"` // host:port
	Namespace       string    `json:"namespace,omitempty"`
	UIAddress       string    `json:"uiAddress,omitempty"` // http://host:port
	DatabaseURL     string    `json:"databaseUrl,omitempty"`
	KeysetFile      string    `json:"keysetFile,omitempty"`
	GoHighLevelURL  string    `json:"goHighLevelUrl,omitempty"`
	SalesforceURL   string    `json:"salesforceUrl,omitempty"`
	WebhookURL      string    `json:"webhookUrl,omitempty"` // where the fake GoHighLevel delivers
	CodecURL        string    `json:"codecUrl,omitempty"`   // where the Web UI has payloads decrypted
	WorkerPID       int       `json:"workerPid,omitempty"`
	WorkerURL       string    `json:"workerUrl,omitempty"` // health and metrics
}

// HeldError says that a dev stack already runs on the data directory, and where.
type HeldError struct {
	DataDir string
	State   State // as far as the holder has recorded it
}

// Error names the process that runs and its addresses, without the database's password.
func (e *HeldError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "a dev stack already runs on %s", e.DataDir)
	if e.State.PID != 0 {
		fmt.Fprintf(&b, " (pid %d)", e.State.PID)
	}
	for _, a := range []struct{ name, address string }{
		{"Temporal", e.State.TemporalAddress},
		{"Web UI", e.State.UIAddress},
		{"Postgres", hostOf(e.State.DatabaseURL)},
		{"GoHighLevel", e.State.GoHighLevelURL},
		{"Salesforce", e.State.SalesforceURL},
		{"worker", e.State.WorkerURL},
	} {
		if a.address != "" {
			fmt.Fprintf(&b, ", %s %s", a.name, a.address)
		}
	}
	b.WriteString("; stop it, or set TANDEM_DATA to another directory")
	return b.String()
}

func hostOf(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Lock is the right to run the one dev stack of a data directory. The system gives it back when the process ends,
// however it ends.
type Lock struct {
	dir  string
	file *os.File
	own  State
}

// TakeLock takes the data directory for this process, creating it where needed, and records the pid. While another
// process, or another Lock of this one, has it, the error is a *HeldError.
func TakeLock(dataDir string) (*Lock, error) {
	dir, err := makeDataDir(dataDir)
	if err != nil {
		return nil, err
	}
	// A reader may hold the lock for a moment to see whether anybody else does.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	f, err := lockFile(ctx, filepath.Join(dir, "lock"), nil)
	if errors.Is(err, context.DeadlineExceeded) {
		held := &HeldError{DataDir: dir}
		held.State, _ = readStateFile(dir)
		return nil, held
	}
	if err != nil {
		return nil, err
	}
	l := &Lock{dir: dir, file: f, own: State{PID: os.Getpid(), StartedAt: time.Now().UTC()}}
	if err := l.WriteState(State{}); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// WriteState records where everything is, for ReadState and for the error a second TakeLock gets. PID and StartedAt are
// the lock's own. Safe to repeat; readers see the old state or the new one.
func (l *Lock) WriteState(s State) error {
	s.PID, s.StartedAt = l.own.PID, l.own.StartedAt
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	path := statePath(l.dir)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return fmt.Errorf("record the dev stack's state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("record the dev stack's state: %w", err)
	}
	return nil
}

// Release gives the data directory back. Releasing twice is harmless.
func (l *Lock) Release() {
	if l.file == nil {
		return
	}
	_ = os.Remove(statePath(l.dir))
	_ = l.file.Close()
	l.file = nil
}

// ReadState returns where the running dev stack of a data directory is; the error is ErrNotRunning when none runs, also
// when one was killed and left its state behind.
func ReadState(dataDir string) (State, error) {
	f, err := os.OpenFile(filepath.Join(dataDir, "lock"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return State{}, ErrNotRunning
	}
	if err != nil {
		return State{}, err
	}
	defer f.Close()
	free, err := tryLock(f)
	if err != nil {
		return State{}, err
	}
	if free {
		return State{}, ErrNotRunning
	}
	s, err := readStateFile(dataDir)
	if errors.Is(err, os.ErrNotExist) {
		return State{}, ErrNotRunning
	}
	return s, err
}

func statePath(dir string) string { return filepath.Join(dir, "state.json") }

func readStateFile(dir string) (State, error) {
	var s State
	b, err := os.ReadFile(statePath(dir))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return State{}, fmt.Errorf("read the dev stack's state in %s: %w", dir, err)
	}
	return s, nil
}

// lockFile opens path and waits for its exclusive lock until ctx is done; waiting is called once if it has to wait.
// Closing the file gives the lock back.
func lockFile(ctx context.Context, path string, waiting func()) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if ok {
			return f, nil
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		}
	}
}
