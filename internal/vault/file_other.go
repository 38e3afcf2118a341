//go:build !unix

package vault

// keepOwner has nothing to do where files are not kept private by their owner.
func keepOwner(string, string) error { return nil }

// syncDirectory has nothing to do where a directory cannot be synced.
func syncDirectory(string) error { return nil }
