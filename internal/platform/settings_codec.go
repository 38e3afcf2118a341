package platform

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/tandem-sync/tandem/internal/secret"
)

// CodecSettings are how the worker decrypts for Temporal's Web UI.
type CodecSettings struct {
	// Listen is where, as host:port; Off for nowhere.
	Listen string
	// Origins are the Web UI's, separated by commas.
	Origins string
	// Token, or the content of TokenFile, is the bearer token of those who may see it.
	Token     secret.Text
	TokenFile string
	// OIDCIssuer signs the tokens of those who may see it, for OIDCAudience.
	OIDCIssuer, OIDCAudience string
	// OIDCClaim narrows them to those whose token has a claim, as groups=support; all of them where it is "".
	OIDCClaim string
}

// Claim returns the name and the value of OIDCClaim, "" for none.
func (c CodecSettings) Claim() (name, value string) {
	name, value, _ = strings.Cut(c.OIDCClaim, "=")
	return strings.TrimSpace(name), strings.TrimSpace(value)
}

// The environment variables of CodecSettings.
const (
	EnvCodecListen       = "TANDEM_CODEC_LISTEN"
	EnvCodecOrigin       = "TANDEM_CODEC_ORIGIN"
	EnvCodecToken        = "TANDEM_CODEC_TOKEN"
	EnvCodecTokenFile    = "TANDEM_CODEC_TOKEN_FILE"
	EnvCodecOIDCIssuer   = "TANDEM_CODEC_OIDC_ISSUER"
	EnvCodecOIDCAudience = "TANDEM_CODEC_OIDC_AUDIENCE"
	EnvCodecOIDCClaim    = "TANDEM_CODEC_OIDC_CLAIM"
)

func codecSettings(get func(name, fallback string) string) CodecSettings {
	return CodecSettings{
		Listen: get(EnvCodecListen, Off), Origins: get(EnvCodecOrigin, ""),
		Token: secret.New(get(EnvCodecToken, "")), TokenFile: get(EnvCodecTokenFile, ""),
		OIDCIssuer: get(EnvCodecOIDCIssuer, ""), OIDCAudience: get(EnvCodecOIDCAudience, ""),
		OIDCClaim: get(EnvCodecOIDCClaim, ""),
	}
}

// On tells whether the worker decrypts for the Web UI.
func (c CodecSettings) On() bool { return c.Listen != Off }

// OriginList returns the origins one by one.
func (c CodecSettings) OriginList() []string {
	var out []string
	for o := range strings.SplitSeq(c.Origins, ",") {
		if o = strings.TrimSpace(o); o != "" {
			out = append(out, o)
		}
	}
	return out
}

// leastToken is how short a bearer token may be.
const leastToken = 20

// BearerToken returns the token of those who may see what is decrypted; "" where an OIDC issuer says who may.
func (c CodecSettings) BearerToken() (string, error) {
	token, name := c.Token.Reveal(), EnvCodecToken
	if c.TokenFile != "" {
		content, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return "", fmt.Errorf("%s: %w", EnvCodecTokenFile, err)
		}
		token, name = strings.TrimSpace(string(content)), EnvCodecTokenFile
	}
	if c.OIDCIssuer == "" && len(token) < leastToken {
		return "", fmt.Errorf("%s: want at least %d characters that nobody can guess", name, leastToken)
	}
	return token, nil
}

// claims tells whether OIDCClaim can be used: one that cannot must not let everybody see.
func (c CodecSettings) claims() bool {
	name, value := c.Claim()
	return c.OIDCClaim == "" || name != "" && value != ""
}

func (c CodecSettings) validate() error {
	if !c.On() {
		return nil
	}
	var problems []error
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		problems = append(problems, fmt.Errorf("%s=%q: want host:port, or %s", EnvCodecListen, c.Listen, Off))
	}
	if len(c.OriginList()) == 0 {
		problems = append(problems, fmt.Errorf("%s is not set: give the Web UI's origin, as https://temporal.example.com", EnvCodecOrigin))
	}
	for _, o := range c.OriginList() {
		if u, err := url.Parse(o); err != nil || u.Scheme != "http" && u.Scheme != "https" || o != u.Scheme+"://"+u.Host {
			problems = append(problems, fmt.Errorf("%s: %q is no origin: want scheme://host or scheme://host:port", EnvCodecOrigin, o))
		}
	}
	var ways int
	for _, set := range []bool{!c.Token.Empty(), c.TokenFile != "", c.OIDCIssuer != ""} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		problems = append(problems, fmt.Errorf("%s would show everything to everybody: set exactly one of %s, %s and %s",
			EnvCodecListen, EnvCodecToken, EnvCodecTokenFile, EnvCodecOIDCIssuer))
	case c.OIDCIssuer != "" && c.OIDCAudience == "":
		problems = append(problems, fmt.Errorf("%s needs %s", EnvCodecOIDCIssuer, EnvCodecOIDCAudience))
	case c.OIDCClaim != "" && c.OIDCIssuer == "":
		problems = append(problems, fmt.Errorf("%s needs %s: a bearer token has no claims", EnvCodecOIDCClaim, EnvCodecOIDCIssuer))
	case !c.claims():
		problems = append(problems, fmt.Errorf("%s=%q: want claim=value, as groups=support", EnvCodecOIDCClaim, c.OIDCClaim))
	default:
		if _, err := c.BearerToken(); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
