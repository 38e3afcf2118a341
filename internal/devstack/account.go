package devstack

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is a user of this machine a child can run as.
type account struct {
	name     string
	uid, gid uint32
}

// postgresAccount returns whom Postgres must run as: nil for an ordinary caller; for root, whom it refuses, the user
// postgres, else nobody.
func postgresAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("postgres refuses to run as root, and this machine has neither a user postgres nor a user nobody")
}

// checkPassable fails unless the account may pass through dir and every directory above it.
func checkPassable(dir string, a account) error {
	for p := dir; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		if !mayPass(info, a) {
			return fmt.Errorf("postgres runs as user %s here, who may not pass through %s (mode %04o): set TANDEM_DATA to a directory outside of it, such as /var/lib/tandem, or run: chmod a+x %s",
				a.name, p, info.Mode().Perm(), p)
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}
