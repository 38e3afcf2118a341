package gohighleveltest

import (
	"net/http"
	"slices"
)

// uninstall takes the app out of the location whose token asks for it, or out of the whole agency.
func (f *Fake) uninstall(c *call) reply {
	if c.grant.ID == privateGrant {
		return f.fail(http.StatusUnauthorized, wrongAuthClass)
	}
	agency := c.grant.UserType == userCompany
	v := &validator{body: c.body}
	v.only("companyId", "locationId", "reason")
	company, location := v.text("companyId", presence(agency)), v.text("locationId", presence(!agency))
	v.text("reason", optional)
	switch {
	case len(v.problems) > 0:
		return f.invalid(v.problems...)
	case c.path[0] != appID(c.options.ClientID):
		return f.fail(http.StatusBadRequest, "No integration found with the id: "+c.path[0])
	case company != "" && company != c.options.CompanyID || location != "" && location != c.options.LocationID:
		return f.fail(http.StatusForbidden, wrongLocation)
	case agency:
		f.UninstallCompany()
	default:
		f.Uninstall()
	}
	return ok(http.StatusOK, map[string]any{"success": true})
}

// leave ends what the location itself granted, and what was given for it of an agency's grant, but not that grant.
func (g *grants) leave(location string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := func(of *grant) {
		switch {
		case of.UserType == userLocation && of.LocationID == location:
			of.Revoked = true
		case of.UserType == userCompany && !slices.Contains(of.Left, location):
			of.Left = append(of.Left, location)
		}
	}
	for _, t := range g.access {
		left(t.grant)
	}
	for _, t := range g.refresh {
		left(t.grant)
	}
}

// opens tells whether an agency's grant gives tokens for a location. The caller holds the lock.
func (g *grant) opens(location string, o *Options) bool {
	return (location == o.LocationID || slices.Contains(o.Siblings, location)) && !slices.Contains(g.Left, location)
}
