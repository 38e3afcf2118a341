package oauth

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// longestLife bounds a token's life; longer ones are taken as not said.
const longestLife = 10 * 365 * 24 * time.Hour

// grant is what a token endpoint answered, in either vendor's words.
type grant struct {
	access, refresh   string
	scopes            []string
	life              time.Duration // 0 when not said
	userType          string        // GoHighLevel: "Location" or "Company"
	location, company string
	user              string
	approved          []string // GoHighLevel: the locations that an agency approved
	instanceURL       string
	identity          string // Salesforce: the identity address, ending in org and user
	issuedAt          string // Salesforce: epoch milliseconds
	signature         string
}

var errUnreadableGrant = errors.New("the answer is not a token response")

// decodeGrant reads a successful token response. It insists on nothing but a usable access token: with single-use
// refresh tokens, an answer that is dropped for an odd detail is a lost grant.
func decodeGrant(body []byte) (grant, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return grant{}, errUnreadableGrant
	}
	text := func(names ...string) string {
		for _, name := range names {
			if value := textOf(object[name]); value != "" {
				return value
			}
		}
		return ""
	}
	g := grant{
		access:      text("access_token", "accessToken"),
		refresh:     text("refresh_token", "refreshToken"),
		scopes:      strings.Fields(text("scope")),
		life:        seconds(text("expires_in", "expiresIn")),
		userType:    text("userType", "user_type"),
		location:    text("locationId", "location_id"),
		company:     text("companyId", "company_id"),
		user:        text("userId", "user_id"),
		instanceURL: text("instance_url"),
		identity:    text("id"),
		issuedAt:    text("issued_at"),
		signature:   text("signature"),
	}
	var approved []json.RawMessage
	if json.Unmarshal(object["approvedLocations"], &approved) == nil {
		for _, raw := range approved {
			if id := textOf(raw); id != "" {
				g.approved = append(g.approved, id)
			}
		}
	}
	if !sendable(g.access) || (g.refresh != "" && !sendable(g.refresh)) {
		return grant{}, errUnreadableGrant
	}
	return g, nil
}

// textOf returns a JSON text or number as text, and anything else as "".
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

func seconds(text string) time.Duration {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value > 0 && value < longestLife.Seconds()) {
		return 0
	}
	return time.Duration(value * float64(time.Second))
}

// sendable tells whether a token can stand in a header: visible ASCII only.
func sendable(token string) bool {
	if token == "" {
		return false
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return true
}
