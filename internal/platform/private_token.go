package platform

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/tandem-sync/tandem/internal/secret"
)

const (
	// shortestToken is how long a token must be at least, so that nobody finds it by trying.
	shortestToken = 16
	largestToken  = 4 << 10
)

// PrivateToken returns what callers of the private address must present; it is empty where that address can be reached
// from this machine only and no token is set. It fails where the address can be reached from elsewhere without one.
func (s Settings) PrivateToken() (secret.Text, error) {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return secret.Text{}, fmt.Errorf("%s=%q: want host:port", EnvListen, s.Listen)
	}
	token, err := ReadToken(EnvListenToken, s.ListenToken, EnvListenTokenFile, s.ListenTokenFile)
	if err != nil {
		return secret.Text{}, err
	}
	if token.Empty() && !loopback(host) {
		return secret.Text{}, fmt.Errorf("%s=%s can be reached from other machines: set %s or %s to a token that callers must present, or listen on 127.0.0.1",
			EnvListen, s.Listen, EnvListenToken, EnvListenTokenFile)
	}
	return token, nil
}

// ReadToken returns a token that is given by value or in a file, by variables of these names; an empty one where neither is.
func ReadToken(variable string, value secret.Text, fileVariable, file string) (secret.Text, error) {
	source := variable
	switch {
	case !value.Empty() && file != "":
		return secret.Text{}, fmt.Errorf("both %s and %s are set: keep one", variable, fileVariable)
	case file != "":
		read, err := readToken(file)
		if err != nil {
			return secret.Text{}, fmt.Errorf("%s=%s: %w", fileVariable, file, err)
		}
		value, source = read, fileVariable
	case value.Empty():
		return secret.Text{}, nil
	}
	text := value.Reveal()
	if len(text) < shortestToken {
		return secret.Text{}, fmt.Errorf("%s: want at least %d characters, as `openssl rand -hex 32` makes them", source, shortestToken)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Text{}, fmt.Errorf("%s: want visible ASCII characters only, which a header can carry", source)
	}
	return value, nil
}

func readToken(path string) (secret.Text, error) {
	file, err := os.Open(path)
	if err != nil {
		return secret.Text{}, errors.Unwrap(err) // the path is named by the caller
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, largestToken))
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = errors.New("the file is empty")
	}
	return secret.New(strings.TrimSpace(string(text))), err
}

// loopback tells whether a host to listen on can be reached from this machine only.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}
