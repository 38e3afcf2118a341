package gohighleveltest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"sync"
)

// The headers that carry a signature over the raw body, in base64.
const (
	headerSignature       = "X-GHL-Signature"
	headerLegacySignature = "X-WH-Signature"
)

// webhookKeys signs deliveries.
type webhookKeys struct {
	current  ed25519.PrivateKey
	stranger ed25519.PrivateKey // whose signatures are worth nothing
	legacy   func() *rsa.PrivateKey
}

func newWebhookKeys(seed uint64) webhookKeys {
	derive := func(purpose string) ed25519.PrivateKey {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", purpose, seed))
		return ed25519.NewKeyFromSeed(sum[:])
	}
	return webhookKeys{
		current:  derive("webhooks"),
		stranger: derive("a stranger's webhooks"),
		// Making an RSA key takes a while, and few want one.
		legacy: sync.OnceValue(func() *rsa.PrivateKey {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err) // the system has no randomness
			}
			return key
		}),
	}
}

// WebhookPublicKey returns the key of X-GHL-Signature as the vendor publishes its own: Ed25519, SPKI DER, in base64. It
// depends on the seed alone.
func (f *Fake) WebhookPublicKey() string {
	der, err := x509.MarshalPKIXPublicKey(f.webhooks.keys.current.Public())
	if err != nil {
		panic(err) // an Ed25519 key can always be encoded
	}
	return base64.StdEncoding.EncodeToString(der)
}

// WebhookLegacyPublicKey returns the key of X-WH-Signature as the vendor publishes its own: RSA, SPKI, in PEM. It is
// another one in every process.
func (f *Fake) WebhookLegacyPublicKey() string {
	der, err := x509.MarshalPKIXPublicKey(f.webhooks.keys.legacy().Public())
	if err != nil {
		panic(err) // an RSA key can always be encoded
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// signing is what stands in a delivery's signature headers.
type signing int

const (
	signedTruly     signing = iota
	signedOther             // the true event's signature, over another body
	signedElsewhere         // with a key that is not the vendor's
	unsigned
)

// sign sets the signature headers of a delivery. original is the body that the vendor signed, body what is delivered.
func (k *webhookKeys) sign(h http.Header, which string, how signing, original, body []byte) {
	signed, key := body, k.current
	switch how {
	case unsigned:
		return
	case signedOther:
		signed = original
	case signedElsewhere:
		key = k.stranger
	}
	if which != SignLegacy || how == signedElsewhere {
		h.Set(headerSignature, base64.StdEncoding.EncodeToString(ed25519.Sign(key, signed)))
	}
	if which != SignLegacy && which != SignBoth || how == signedElsewhere {
		return
	}
	sum := sha256.Sum256(signed)
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.legacy(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is large enough for the digest
	}
	h.Set(headerLegacySignature, base64.StdEncoding.EncodeToString(signature))
}
