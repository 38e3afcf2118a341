package intake

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The headers of a signature.
const (
	header       = "X-GHL-Signature"
	legacyHeader = "X-WH-Signature"
)

// VendorKey is HighLevel's own key, in the form that ParseKeys takes.
const VendorKey = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="

// Keys are whom webhooks are believed from.
type Keys struct {
	// Current holds one key, or several while the vendor changes from one to the next.
	Current []ed25519.PublicKey
	// Legacy verifies the header of old, for deliveries that have only that; nil refuses it.
	Legacy *rsa.PublicKey
}

// ParseKeys reads Ed25519 public keys, each the base64 of its SPKI form (what stands between the lines of a PEM file),
// separated by commas. It names every problem at once.
func ParseKeys(text string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	var problems []error
	for i, one := range strings.Split(text, ",") {
		key, err := parseKey(strings.TrimSpace(one))
		if err != nil {
			problems = append(problems, fmt.Errorf("key %d: %w", i+1, err))
		}
		keys = append(keys, key)
	}
	return keys, errors.Join(problems...)
}

func parseKey(text string) (ed25519.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(der) == 0 {
		return nil, errors.New("is not base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("is not a public key (SPKI)")
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is not an Ed25519 key (%T)", parsed)
	}
	return key, nil
}

// ParseLegacyKey reads the RSA public key of the legacy header from PEM.
func ParseLegacyKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not a public key (SPKI)")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is not an RSA key (%T)", parsed)
	}
	return key, nil
}

// signature is what a request claims to be signed with.
type signature struct {
	bytes  []byte
	legacy bool
}

// claimed reads the signature, before the body is read. Where the current header is there, it counts, whatever it holds:
// whoever forges must not be able to choose the weaker one.
func (k Keys) claimed(h http.Header) (signature, outcome) {
	values, legacy := h.Values(header), false
	if len(values) == 0 && k.Legacy != nil {
		values, legacy = h.Values(legacyHeader), true
	}
	if len(values) == 0 {
		return signature{}, unsigned
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(values[0]))
	if err != nil || len(values) > 1 || (!legacy && len(raw) != ed25519.SignatureSize) {
		return signature{}, forged
	}
	return signature{bytes: raw, legacy: legacy}, accepted
}

// verify tells whether one of the keys signed the body.
func (k Keys) verify(s signature, body []byte) bool {
	if s.legacy {
		digest := sha256.Sum256(body)
		return rsa.VerifyPKCS1v15(k.Legacy, crypto.SHA256, digest[:], s.bytes) == nil
	}
	for _, key := range k.Current {
		if ed25519.Verify(key, body, s.bytes) {
			return true
		}
	}
	return false
}
