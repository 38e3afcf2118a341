package vault

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// The environment variables that name a keyset: exactly one of EnvFile and EnvValue must be set. EnvKMS is set as well where
// the keyset is encrypted by a key management service.
const (
	EnvFile  = "TANDEM_KEYSET_FILE"
	EnvValue = "TANDEM_KEYSET"
	EnvKMS   = "TANDEM_KEYSET_KMS"
)

// maxKeyset bounds what is read of a keyset file; a key takes about 300 bytes.
const maxKeyset = 1 << 20

// Source says where a keyset is: in a file or given as it is. Exactly one of the two is set. It prints without the
// keyset.
type Source struct {
	File  string
	Value string `json:"-"`
	// KMS is the address of the key by which the keyset is encrypted, as gcp-kms://... or aws-kms://...; "" where it is clear.
	KMS string
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
	kms, _ := lookup(EnvKMS)
	return Source{File: file, Value: value, KMS: kms}, nil
}

// Load reads a keyset and returns the vault that it opens. It fails when the file may be read or written by anybody
// but its owner, and when the keyset holds anything but AES-256-GCM keys. Where the keyset is encrypted, its key management
// service is asked once for each change of it.
func Load(source Source) (*Vault, error) {
	content, err := source.read()
	if err != nil {
		return nil, err
	}
	r, err := source.ring(content)
	if err != nil {
		return nil, err
	}
	v := &Vault{source: source, read: sha256.Sum256(content)}
	v.ring.Store(r)
	return v, nil
}

// read returns the keyset as it is stored.
func (s Source) read() ([]byte, error) {
	switch {
	case (s.File == "") == (s.Value == ""):
		return nil, errors.New("vault: a keyset source needs either a file or a value")
	case s.File != "":
		return readPrivate(s.File)
	}
	return []byte(s.Value), nil
}

// place names the keyset in messages.
func (s Source) place() string {
	if s.File != "" {
		return "the keyset in " + s.File
	}
	return "the keyset"
}

// handle decodes a stored keyset, by the key management service where it is encrypted.
func (s Source) handle(content []byte) (*keyset.Handle, error) {
	reader := keyset.NewJSONReader(bytes.NewReader(content))
	if s.KMS == "" {
		handle, err := insecurecleartextkeyset.Read(reader)
		if err != nil {
			// Tink's own text may quote the keyset.
			return nil, fmt.Errorf("vault: %s is not a clear Tink keyset in JSON", s.place())
		}
		return handle, nil
	}
	master, err := s.master()
	if err != nil {
		return nil, err
	}
	handle, err := keyset.Read(reader, master)
	if err != nil {
		return nil, fmt.Errorf("vault: %s is not a Tink keyset in JSON that the key %s opens", s.place(), s.KMS)
	}
	return handle, nil
}

// encode is the reverse of handle.
func (s Source) encode(handle *keyset.Handle) ([]byte, error) {
	if s.KMS == "" {
		return encode(handle)
	}
	master, err := s.master()
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	if err := handle.Write(keyset.NewJSONWriter(&buffer), master); err != nil {
		return nil, fmt.Errorf("vault: the key %s does not encrypt the keyset", s.KMS)
	}
	return append(buffer.Bytes(), '\n'), nil
}

// master is the key management service's key.
func (s Source) master() (tink.AEAD, error) {
	client, err := registry.GetKMSClient(s.KMS)
	if err != nil {
		return nil, fmt.Errorf("vault: %s names a key management service that this build does not know: %s", EnvKMS, s.KMS)
	}
	master, err := client.GetAEAD(s.KMS)
	if err != nil {
		return nil, fmt.Errorf("vault: the key %s cannot be used: %w", s.KMS, err)
	}
	return master, nil
}

// ring makes what seals and opens of a stored keyset.
func (s Source) ring(content []byte) (*ring, error) {
	handle, err := s.handle(content)
	if err != nil {
		return nil, err
	}
	keys, err := keysOf(handle)
	if err != nil {
		return nil, fmt.Errorf("vault: %s %w", s.place(), err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("vault: %s does not make a cipher", s.place())
	}
	return &ring{aead: primitive, keys: keys}, nil
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
func WriteNew(path string) error { return Create(Source{File: path}) }

// Create is WriteNew for a source that is a file, whose keyset it encrypts where the source names a key for that.
func Create(source Source) error {
	path := source.File
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("vault: no new key: %w", err)
	}
	content, err := source.encode(handle)
	if err != nil {
		return err
	}
	return put(path, content, os.Link) // which, unlike a rename, refuses to replace what is there
}

// put writes a private file beside path and moves it there, so that there is never half of it. It is there for good when
// put returns: what will be sealed under a key must not outlive the key, whatever the power does.
func put(path string, content []byte, move func(from, to string) error) error {
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
		err = move(temporary.Name(), path)
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(path))
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
