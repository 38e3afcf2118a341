package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// The environment variables that name a keyset; exactly one of them must be set.
const (
	EnvFile  = "TANDEM_KEYSET_FILE"
	EnvValue = "TANDEM_KEYSET"
)

// maxKeyset bounds what is read of a keyset file; a key takes about 300 bytes.
const maxKeyset = 1 << 20

// Source says where a keyset is: in a file or given as it is. Exactly one of the two is set. It prints without the
// keyset.
type Source struct {
	File  string
	Value string `json:"-"`
}

// Format prints the source without the keyset itself.
func (s Source) Format(f fmt.State, _ rune) {
	if s.File != "" {
		fmt.Fprintf(f, "keyset file %s", s.File)
		return
	}
	_, _ = io.WriteString(f, "keyset given by value")
}

// SourceFromEnv reads the source from environment variables, for which lookup is os.LookupEnv. Setting none or both is
// an error; an empty variable counts as not set.
func SourceFromEnv(lookup func(string) (string, bool)) (Source, error) {
	file, _ := lookup(EnvFile)
	value, _ := lookup(EnvValue)
	switch {
	case file != "" && value != "":
		return Source{}, fmt.Errorf("vault: both %s and %s are set: keep one", EnvFile, EnvValue)
	case file == "" && value == "":
		return Source{}, fmt.Errorf("vault: no keyset: set %s to a keyset file, or %s to a keyset", EnvFile, EnvValue)
	}
	return Source{File: file, Value: value}, nil
}

// Load reads a keyset and returns the vault that it opens. It fails when the file may be read or written by anybody
// but its owner, and when the keyset holds anything but AES-256-GCM keys.
func Load(source Source) (*Vault, error) {
	if (source.File == "") == (source.Value == "") {
		return nil, errors.New("vault: a keyset source needs either a file or a value")
	}
	content, place := []byte(source.Value), "the keyset"
	if source.File != "" {
		var err error
		if content, err = readPrivate(source.File); err != nil {
			return nil, err
		}
		place = "the keyset in " + source.File
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		// Tink's own text may quote the keyset.
		return nil, fmt.Errorf("vault: %s is not a clear Tink keyset in JSON", place)
	}
	ids, err := enabledKeys(handle)
	if err != nil {
		return nil, fmt.Errorf("vault: %s %w", place, err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("vault: %s does not make a cipher", place)
	}
	return &Vault{aead: primitive, keyIDs: ids}, nil
}

// Generate returns a new keyset with one AES-256-GCM key, as the JSON that Load takes.
func Generate() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("vault: no new key: %w", err)
	}
	return encode(handle)
}

// WriteNew writes a new keyset to path, readable by its owner alone. It fails with fs.ErrExist when there is anything
// at path already, and never leaves half a file there.
func WriteNew(path string) error {
	content, err := Generate()
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".keyset-*")
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		// A link, unlike a rename, refuses to replace what is there.
		err = os.Link(temporary.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("vault: %s exists already, and a keyset is never overwritten: %w", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

func encode(handle *keyset.Handle) ([]byte, error) {
	var buffer bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&buffer)); err != nil {
		return nil, errors.New("vault: the keyset could not be written")
	}
	return append(buffer.Bytes(), '\n'), nil
}

func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("vault: the keyset file cannot be opened: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	// Windows has no such permission bits and reports them all as set.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("vault: others than its owner have access to the keyset file %s (mode %04o): chmod 600 %s", path, mode, path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxKeyset))
	if err != nil {
		return nil, fmt.Errorf("vault: the keyset file cannot be read: %w", err)
	}
	return content, nil
}

// enabledKeys lists the ids of the keys that seal or open, and refuses other kinds of key.
func enabledKeys(handle *keyset.Handle) (map[uint32]bool, error) {
	ids := make(map[uint32]bool, handle.Len())
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, errors.New("holds an unreadable key")
		}
		if entry.KeyStatus() != keyset.Enabled {
			continue
		}
		parameters, ok := entry.Key().Parameters().(*aesgcm.Parameters)
		if !ok || parameters.KeySizeInBytes() != 32 || parameters.Variant() != aesgcm.VariantTink {
			return nil, fmt.Errorf("holds key %d, which is not an AES-256-GCM key with Tink's prefix", entry.KeyID())
		}
		ids[entry.KeyID()] = true
	}
	return ids, nil
}
