//go:build unix

package devstack

import (
	"errors"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// ownGroup puts a child into a process group of its own, so that Ctrl-C reaches only its supervisor, and ties its
// life to the supervisor's where the system can.
func ownGroup(attr *syscall.SysProcAttr) {
	attr.Setpgid = true
	dieWithParent(attr)
}

// runAs makes a child run as another user, without any supplementary group.
func runAs(attr *syscall.SysProcAttr, a account) {
	attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

func killGroup(pid int) error {
	err := syscall.Kill(-pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// alive tells whether a process with that id exists.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// tryLock takes the exclusive lock of an open file; false means that somebody else holds it.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func chown(path string, a account) error { return os.Lchown(path, int(a.uid), int(a.gid)) }

// ownerOf returns whom a file belongs to, nil where the system does not say.
func ownerOf(info os.FileInfo) *account {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	a := &account{name: strconv.Itoa(int(st.Uid)), uid: st.Uid, gid: st.Gid}
	if u, err := user.LookupId(a.name); err == nil {
		a.name = u.Username
	}
	return a
}

// mayPass tells whether a user may pass through a directory, by its mode bits.
func mayPass(info os.FileInfo, a account) bool {
	mode := info.Mode().Perm()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case st.Uid == a.uid:
			return mode&0o100 != 0
		case st.Gid == a.gid:
			return mode&0o010 != 0
		}
	}
	return mode&0o001 != 0
}

// checkPrivate fails unless dir belongs to us and only we may write to it.
func checkPrivate(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return errors.New("belongs to another user")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("is writable for others")
	}
	return nil
}
