package assembly

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-sync/tandem/internal/intake"
	"github.com/tandem-sync/tandem/internal/outbound"
	"github.com/tandem-sync/tandem/internal/vault"
)

// The purposes that the two halves of a self-test are sealed for. They differ, so that a challenge that is sent back is no
// proof.
const (
	challengePurpose = "self-test"
	proofPurpose     = "self-test proof"
)

const (
	nonceSize = 16
	// challengeLife is how far the clock of whoever asked may be from that of whoever answers.
	challengeLife = 2 * time.Minute
	// challengeMost is far above what a challenge takes.
	challengeMost = 512
	// selfTestPatience is how long the public address may take to answer.
	selfTestPatience = 10 * time.Second
)

// SelfTest looks whether the workers' public address leads to a worker of this deployment: one that has the keyset.
type SelfTest struct {
	vault  *vault.Vault
	public *url.URL
	client *http.Client
	now    func() time.Time
}

// NewSelfTest takes the vault that all workers share, and the public address.
func NewSelfTest(v *vault.Vault, public *url.URL) *SelfTest {
	return &SelfTest{vault: v, public: public, client: outbound.Own(public), now: time.Now}
}

// Prove answers a challenge that was sealed by the keyset a moment ago; ok is false for any other. It neither keeps nor
// changes anything: a challenge that is sent again gets another proof of the same.
func (t *SelfTest) Prove(challenge string) (proof string, ok bool) {
	if len(challenge) > challengeMost {
		return "", false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil {
		return "", false
	}
	// A key that is not held is not looked for: strangers must not have the keyset read again and again.
	key, named := vault.KeyOf(sealed)
	if !named || !slices.ContainsFunc(t.vault.Keys(), func(k vault.Key) bool { return k.ID == key && k.Enabled }) {
		return "", false
	}
	plain, err := t.vault.Open(vault.Scope{Purpose: challengePurpose}, sealed)
	if err != nil || len(plain) != nonceSize+8 {
		return "", false
	}
	asked := time.Unix(int64(binary.BigEndian.Uint64(plain[nonceSize:])), 0)
	if t.now().Sub(asked).Abs() > challengeLife {
		return "", false
	}
	answer, err := t.vault.Seal(vault.Scope{Purpose: proofPurpose}, plain[:nonceSize])
	return base64.RawURLEncoding.EncodeToString(answer), err == nil
}

// Reach sends a challenge through the public address. It returns the address that webhooks are to be sent to, and why one of
// them would not reach a worker of ours; "" where it would.
func (t *SelfTest) Reach(ctx context.Context) (address, problem string) {
	address = t.public.JoinPath(intake.Path).String()
	ctx, cancel := context.WithTimeout(ctx, selfTestPatience)
	defer cancel()
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails
	sealed, err := t.vault.Seal(vault.Scope{Purpose: challengePurpose}, binary.BigEndian.AppendUint64(slices.Clone(nonce), uint64(t.now().Unix())))
	if err != nil {
		return address, "the challenge could not be sealed"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return address, "it is no address"
	}
	request.Header.Set(intake.SelfTestHeader, base64.RawURLEncoding.EncodeToString(sealed))
	response, err := t.client.Do(request)
	if err != nil {
		return address, unreachable(err)
	}
	defer func() { _ = response.Body.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(response.Body, challengeMost))
	if err != nil {
		return address, unreachable(err)
	}
	if t.proves(strings.TrimSpace(string(body)), nonce) {
		return address, ""
	}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		return address, "it is too busy to answer (HTTP 429)"
	case response.StatusCode == http.StatusUnauthorized:
		return address, "a worker with another keyset answers there, or somebody else (HTTP 401)"
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return address, fmt.Sprintf("it leads elsewhere (HTTP %d)", response.StatusCode)
	case response.StatusCode >= 500:
		return address, fmt.Sprintf("the proxy there reaches no worker (HTTP %d)", response.StatusCode)
	}
	return address, fmt.Sprintf("somebody else answers there (HTTP %d)", response.StatusCode)
}

func (t *SelfTest) proves(proof string, nonce []byte) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(proof)
	if err != nil {
		return false
	}
	plain, err := t.vault.Open(vault.Scope{Purpose: proofPurpose}, sealed)
	return err == nil && slices.Equal(plain, nonce)
}

// unreachable says why nothing answered, in words that quote nothing.
func unreachable(err error) string {
	var (
		name      *net.DNSError
		unknown   x509.UnknownAuthorityError
		wrongHost x509.HostnameError
		invalid   x509.CertificateInvalidError
		timeout   interface{ Timeout() bool }
	)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "no such host is known"
	case errors.As(err, &unknown), errors.As(err, &wrongHost), errors.As(err, &invalid):
		return "its certificate is not accepted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("it did not answer within %s", selfTestPatience)
	}
	return "the connection to it fails"
}
