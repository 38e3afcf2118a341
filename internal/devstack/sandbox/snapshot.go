package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// files names the snapshot of each fake.
func (s *Sandbox) files(dir string) map[string]interface {
	Save(io.Writer) error
	Restore(io.Reader) error
} {
	return map[string]interface {
		Save(io.Writer) error
		Restore(io.Reader) error
	}{
		filepath.Join(dir, "gohighlevel.snapshot"): s.GoHighLevel,
		filepath.Join(dir, "salesforce.snapshot"):  s.Salesforce,
	}
}

// Save writes both sides into a directory. What is there stays whole when saving fails.
func (s *Sandbox) Save(dir string) error {
	for path, fake := range s.files(dir) {
		if err := save(path, fake.Save); err != nil {
			return fmt.Errorf("save the sandbox: %w", err)
		}
	}
	return nil
}

func save(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

// Restore reads both sides from a directory; a side that was never saved stays as it is.
func (s *Sandbox) Restore(dir string) error {
	for path, fake := range s.files(dir) {
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(fake.Restore(file), file.Close()); err != nil {
			return fmt.Errorf("restore the sandbox from %s: %w", path, err)
		}
	}
	return nil
}
