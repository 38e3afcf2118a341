package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
)

// DefaultDataDir returns where a dev stack keeps its data unless told otherwise: $TANDEM_DATA; else, as root,
// /var/lib/tandem (root's home is closed to the user Postgres runs as); else tandem under $XDG_STATE_HOME or
// ~/.local/state. The directory need not exist.
func DefaultDataDir() (string, error) {
	if dir := os.Getenv("TANDEM_DATA"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return "/var/lib/tandem", nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tandem"), nil
	}
	home := os.Getenv("HOME")
	if home == "" {
		if u, err := user.Current(); err == nil {
			home = u.HomeDir
		}
	}
	if info, err := os.Stat(home); err != nil || !info.IsDir() {
		return "", errors.New("no home directory to keep data in: set TANDEM_DATA to a directory")
	}
	return filepath.Join(home, ".local", "state", "tandem"), nil
}

// NewTempDataDir makes an empty data directory under os.TempDir that StartPostgres can use, also as root. Whoever
// asked for it removes it.
func NewTempDataDir() (string, error) {
	dir, err := os.MkdirTemp("", "tandem-")
	if err != nil {
		return "", err
	}
	// Postgres drops root's rights and must still be able to pass.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", err
	}
	return dir, nil
}

// makeDataDir creates dir where it is missing and returns it as an absolute path without symbolic links. What it
// creates, others can pass through but not list.
func makeDataDir(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no data directory given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	var missing []string
	for p := dir; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			break
		}
		missing = append(missing, p)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	for _, p := range missing {
		// The umask may have taken the right to pass away.
		if err := os.Chmod(p, 0o711); err != nil {
			return "", fmt.Errorf("make the data directory: %w", err)
		}
	}
	return filepath.EvalSymlinks(dir)
}

// cacheDir returns where built programs are kept: $TANDEM_CACHE, else tandem under the user's cache directory, else
// tandem-cache under the temporary directory. It is created, and refused if somebody else could write to it.
func cacheDir() (string, error) {
	dir := os.Getenv("TANDEM_CACHE")
	if dir == "" {
		if base, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(base, "tandem")
			if os.MkdirAll(dir, 0o700) != nil {
				dir = ""
			}
		}
	}
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "tandem-cache")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the cache directory: %w (set TANDEM_CACHE to another one)", err)
	}
	if err := checkPrivate(dir); err != nil {
		return "", fmt.Errorf("the cache directory %s %w: programs in it are run, so set TANDEM_CACHE to another one", dir, err)
	}
	return dir, nil
}

// openLog starts a fresh log file in dir and keeps the previous one beside it as name.1.
func openLog(dir, name string) (*os.File, error) {
	path := filepath.Join(dir, name)
	if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
