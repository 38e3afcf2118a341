//go:build unix

package vault

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives a file to the owner of another, who alone can read what takes its place.
func keepOwner(file, as string) error {
	was, err := os.Stat(as)
	if err != nil {
		return err
	}
	is, err := os.Stat(file)
	if err != nil {
		return err
	}
	owner, fresh := was.Sys().(*syscall.Stat_t), is.Sys().(*syscall.Stat_t)
	if owner.Uid == fresh.Uid && owner.Gid == fresh.Gid {
		return nil
	}
	if err := os.Chown(file, int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("%s belongs to another user, who could not read a new one: change it as that user (uid %d): %w", as, owner.Uid, err)
	}
	return nil
}

// syncDirectory makes the names in a directory safe against a power cut.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}
