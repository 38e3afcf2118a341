package gohighleveltest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const installations = "/marketplace/app/66f1c0de4be1a2b3c4d5e6f7/installations"

// exchanged returns the token of a location that an agency's token is exchanged for, "" where it is refused.
func (c *caller) exchanged(agency, location string) string {
	c.t.Helper()
	d := *c
	d.token = agency
	a := d.form("/oauth/locationToken", map[string]string{"companyId": c.fake.CompanyID(), "locationId": location})
	token, _ := a.body["access_token"].(string)
	return token
}

func TestALocationsTokenUninstallsTheAppFromItsLocationAlone(t *testing.T) {
	c, x := listening(t, Options{Siblings: []string{"loc-2"}}, nil)
	agency, refresh := c.fake.GrantCompanyToken()
	other, _ := c.fake.GrantToken()
	c.token = c.exchanged(agency, c.fake.LocationID())
	require.Equal(t, true, c.want(200, "DELETE", installations, object{"locationId": c.fake.LocationID(), "reason": "no more"}).body["success"])
	c.want(401, "DELETE", installations, object{"locationId": c.fake.LocationID()})
	c.drain()
	require.Len(t, x.got(), 1)
	require.Equal(t, AppUninstalled, x.got()[0].text("type"))
	require.Equal(t, c.fake.LocationID(), x.got()[0].text("locationId"))

	c.token = other
	require.Equal(t, 401, c.search(object{}).status, "whatever stands for the installation in the location has ended")
	require.Empty(t, c.exchanged(agency, c.fake.LocationID()))
	require.NotEmpty(t, c.exchanged(agency, "loc-2"), "the agency's other locations keep the app")
	require.Equal(t, 200, c.refresh(refresh).status)
	c.token, _ = c.fake.GrantToken()
	require.Equal(t, 200, c.search(object{}).status, "it may be installed again")
}

func TestAnAgencysTokenUninstallsTheAppFromAllItsLocations(t *testing.T) {
	c, x := listening(t, Options{Siblings: []string{"loc-2"}}, nil)
	location := c.token
	var refresh string
	c.token, refresh = c.fake.GrantCompanyToken()
	agency := c.token
	require.Contains(t, c.want(422, "DELETE", installations, object{"locationId": c.fake.LocationID()}).message(), "companyId must be a string")
	c.want(200, "DELETE", installations, object{"companyId": c.fake.CompanyID()})
	c.drain()
	require.Equal(t, c.fake.CompanyID(), x.got()[0].text("companyId"))
	require.Empty(t, c.exchanged(agency, "loc-2"))
	require.Equal(t, 400, c.refresh(refresh).status)
	c.token = location
	require.Equal(t, 401, c.search(object{}).status)
}

func TestUninstallingIsRefusedToWhoeverMayNotOrSaysItWrong(t *testing.T) {
	c := start(t, Options{PrivateToken: "pit-1", Siblings: []string{"loc-2"}})
	agency, _ := c.fake.GrantCompanyToken()
	whole := object{"locationId": c.fake.LocationID(), "reason": "no more"}
	require.Equal(t, "locationId must be a string; locationId should not be empty", c.want(422, "DELETE", installations, object{}).message())
	require.Equal(t, "property because should not exist",
		c.want(422, "DELETE", installations, object{"locationId": c.fake.LocationID(), "because": "x"}).message())
	c.want(403, "DELETE", installations, object{"locationId": "loc-2"})
	c.want(400, "DELETE", "/marketplace/app/another/installations", whole)
	all := c.token
	c.token, _ = c.fake.GrantToken(contactsRead)
	require.Equal(t, wrongScope, c.want(401, "DELETE", installations, whole).message())
	c.token = "pit-1"
	require.Equal(t, wrongAuthClass, c.want(401, "DELETE", installations, whole).message())
	c.token = c.exchanged(agency, "loc-2")
	c.want(403, "DELETE", installations, whole)
	require.Equal(t, 403, c.search(object{}).status, "a token of another location opens nothing here")
	c.token, c.version = all, ""
	c.want(401, "DELETE", installations, whole)
	c.version = "2021-07-28"
	c.fake.SetFaults([]Fault{{Kind: Fault503, Count: 1}})
	c.want(503, "DELETE", installations, whole)
	require.Equal(t, 200, c.search(object{}).status, "nothing of this has uninstalled anything")
	c.fake.SetFaults([]Fault{{Kind: FaultCutAfter, Path: "/marketplace/", Count: 1}})
	_, err := c.send(c.request("DELETE", installations, whole))
	require.Error(t, err)
	require.Equal(t, 401, c.search(object{}).status)
}
