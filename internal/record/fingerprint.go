package record

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"strings"
	"sync"
)

// FingerprintKeySize is the length of a connection's fingerprint key in bytes.
const FingerprintKeySize = 32

// Fingerprinter makes keyed fingerprints: equal content gives equal fingerprints under one key, and nobody without the
// key can tell the content from them. The key belongs to one connection. It is safe for concurrent use.
type Fingerprinter struct{ macs *sync.Pool }

// NewFingerprinter takes a connection's key.
func NewFingerprinter(key []byte) (Fingerprinter, error) {
	if len(key) != FingerprintKeySize {
		return Fingerprinter{}, errors.New("a fingerprint key must be 32 bytes long")
	}
	key = slices.Clone(key)
	// A used MAC, reset, is half the work of a new one.
	return Fingerprinter{macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, nil
}

// Sum returns the fingerprint of a text within a domain; the same text in two domains gives unrelated fingerprints. It
// is never 0, so that 0 can stand for "nothing".
func (f Fingerprinter) Sum(domain, text string) uint64 {
	mac := f.macs.Get().(hash.Hash)
	defer f.macs.Put(mac)
	mac.Reset()
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(domain)))
	mac.Write(size[:])
	mac.Write([]byte(domain))
	mac.Write([]byte(text))
	var out [sha256.Size]byte
	sum := binary.BigEndian.Uint64(mac.Sum(out[:0]))
	if sum == 0 {
		sum = 1
	}
	return sum
}

// Value returns one fingerprint of 48 bits per element of a field's value, sorted. They are compared one to one, never
// searched for, so that 48 bits leave one missed edit in 280 million million.
func (f Fingerprinter) Value(field Field, v Value) []uint64 {
	if v.Empty() {
		return nil
	}
	out := make([]uint64, len(v))
	for i, element := range v {
		out[i] = f.Sum("field:"+string(field), element) >> 16
	}
	slices.Sort(out)
	return out
}

// MatchKeys returns the keys by which a record finds its other half.
func (f Fingerprinter) MatchKeys(r Record) MatchKeys {
	keys := MatchKeys{External: []int64{f.key64("id:"+string(r.Side), r.ID)}}
	if r.ExternalID != "" {
		keys.External = append(keys.External, f.key64("id:"+string(r.Side.Other()), r.ExternalID))
	}
	emails := append([]string{r.Fields[Email].Text()}, r.Aliases.Emails...)
	for _, email := range emails {
		if email != "" {
			keys.Emails = append(keys.Emails, f.key64("match:email", email))
		}
	}
	keys.Emails = unique(keys.Emails)
	if last := FoldName(r.Fields[LastName].Text()); last != "" {
		phones := append([]string{r.Fields[Phone].Text()}, r.Aliases.Phones...)
		for _, phone := range phones {
			if phone != "" {
				keys.PhoneNames = append(keys.PhoneNames, f.key64("match:phone+last_name", phone+"\x00"+last))
			}
		}
		keys.PhoneNames = unique(keys.PhoneNames)
	}
	if r.Kind == Note {
		// A note in parts carries a mark of the one that it was made of.
		keys.External = append(keys.External, f.key64("mark:"+string(r.Side), PartMark(r.ID)))
		if len(r.Parts) > 0 && r.Envelope != nil && r.Envelope.Mark != "" {
			keys.External = append(keys.External, f.key64("mark:"+string(r.Side.Other()), r.Envelope.Mark))
		}
	}
	if first := FoldName(r.Fields[FirstName].Text()); first != "" {
		keys.FirstName = f.key64("match:first_name", first)
	}
	return keys
}

// ContentKey returns the key by which a task, note or appointment is found, among those of one contact, by what it says:
// its kind, its title, and its day, times or text. It is 0 where it says too little to be told from others.
func (f Fingerprinter) ContentKey(kind Kind, fields Fields) int64 {
	var parts []string
	switch kind {
	case Task:
		parts = []string{FoldName(fields[Title].Text()), fields[Due].Text()}
	case Note:
		parts = []string{fields[Body].Text()}
	case Appointment:
		parts = []string{FoldName(fields[Title].Text()), fields[Start].Text()}
	}
	if strings.Join(parts, "") == "" {
		return 0
	}
	return f.key64("match:content", strings.Join(append([]string{string(kind)}, parts...), "\x00"))
}

func (f Fingerprinter) key64(domain, text string) int64 { return int64(f.Sum(domain, text)) }

func unique(keys []int64) []int64 {
	slices.Sort(keys)
	return slices.Compact(keys)
}
