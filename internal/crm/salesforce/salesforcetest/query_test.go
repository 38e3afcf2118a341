package salesforcetest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func names(rows []map[string]any) []any { return columnOf(rows, "LastName") }

func TestSOQLSelectsWhatItSays(t *testing.T) {
	b := newBench(t, Options{})
	account := b.org.Create("Account", fields{"Name": "O'Brien \\ Sons"})
	b.org.Load("Contact", []map[string]any{
		{"LastName": "Ames", "Email": "ames@example.com", "AccountId": account, "Birthdate": "1990-05-01", "DoNotCall": true},
		{"LastName": "Bell", "Email": "BELL@example.com", "Title": "50%_off", "Birthdate": "1980-05-01"},
		{"LastName": "Cole", "Title": "CEO"},
	})
	for where, want := range map[string][]any{
		"LastName = 'bell'":                                       {"Bell"},
		"LastName != 'bell'":                                      {"Ames", "Cole"},
		"Email != 'ames@example.com'":                             {"Bell", "Cole"},
		"Email = null":                                            {"Cole"},
		"Email = ''":                                              {"Cole"},
		"Email != null":                                           {"Ames", "Bell"},
		"Email IN ('AMES@example.com', 'x')":                      {"Ames"},
		"Email NOT IN ('ames@example.com')":                       {"Bell", "Cole"},
		"LastName LIKE '%L%'":                                     {"Bell", "Cole"},
		"LastName LIKE '_ole'":                                    {"Cole"},
		`Title LIKE '50\%\_%'`:                                    {"Bell"},
		`Account.Name = 'O\'Brien \\ Sons'`:                       {"Ames"},
		"Account.Name = null":                                     {"Bell", "Cole"},
		"DoNotCall = TRUE":                                        {"Ames"},
		"DoNotCall != true":                                       {"Bell", "Cole"},
		"Birthdate < 1985-01-01":                                  {"Bell"},
		"NOT Birthdate < 1985-01-01":                              {"Ames", "Cole"},
		"CreatedDate = 2026-11-23T17:00:00Z":                      {"Ames", "Bell", "Cole"},
		"CreatedDate > 2026-11-23T17:00:00.500+00:00":             nil,
		"CreatedDate <= 2026-11-23T18:00:00+01:00":                {"Ames", "Bell", "Cole"},
		"(LastName = 'Ames' OR LastName = 'Cole') AND Email=null": {"Cole"},
		"Contact.LastName >= 'Bell'":                              {"Bell", "Cole"},
		"Owner.Email = 'sam.seller@tandem.example'":               {"Ames", "Bell", "Cole"},
		"SystemModstamp >= 2026-11-23T17:00:01Z":                  nil,
		"IsDeleted = true":                                        nil,
		"Id > ''":                                                 {"Ames", "Bell", "Cole"},
	} {
		require.Equal(t, want, names(b.query("SELECT LastName FROM Contact WHERE "+where+" ORDER BY LastName")), where)
	}
	require.Equal(t, []any{"Cole", "Bell"}, names(b.query("select lastname from contact order by LASTNAME desc limit 2")))
	require.Equal(t, []any{"Ames"}, names(b.query("SELECT LastName FROM Contact ORDER BY LastName DESC LIMIT 5 OFFSET 2")))
	require.Equal(t, []any{"Cole", "Bell", "Ames"}, names(b.query("SELECT LastName FROM Contact ORDER BY Birthdate")))
	require.Equal(t, []any{"Bell", "Ames", "Cole"}, names(b.query("SELECT LastName FROM Contact ORDER BY Birthdate NULLS LAST")))
	count := b.ok("GET", soqlPathOf("/query", "SELECT COUNT() FROM Contact WHERE Email != null"), nil)
	require.JSONEq(t, `{"totalSize":2,"done":true,"records":[]}`, count.text)
}

func TestRelatedRecordsComeNestedWithAttributes(t *testing.T) {
	b := newBench(t, Options{})
	account := b.org.Create("Account", fields{"Name": "Acme"})
	b.create(fields{"LastName": "A", "AccountId": account})
	b.create(fields{"LastName": "B"})
	rows := b.query("SELECT Id, Account.Name, Account.Owner.Email, Owner.Id FROM Contact ORDER BY LastName")
	acme := rows[0]["Account"].(map[string]any)
	require.Equal(t, fields{"type": "Account", "url": v67 + "/sobjects/Account/" + account}, acme["attributes"])
	require.Equal(t, "Acme", acme["Name"])
	require.Equal(t, "sam.seller@tandem.example", acme["Owner"].(map[string]any)["Email"])
	require.Nil(t, rows[1]["Account"])
	require.Contains(t, rows[1], "Account")
	require.Equal(t, b.org.APIUserID(), rows[1]["Owner"].(map[string]any)["Id"])
}

func TestAQueryWithAnyDefectFailsAsAWhole(t *testing.T) {
	b := newBench(t, Options{HiddenFields: []string{"Contact.Birthdate"}})
	b.create(fields{"LastName": "A"})
	for q, want := range map[string]string{
		"SELECT Id, Nope FROM Contact":                                                "INVALID_FIELD",
		"SELECT Id, Birthdate FROM Contact":                                           "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Birthdate = null":                               "INVALID_FIELD",
		"SELECT Id FROM Contact ORDER BY Birthdate":                                   "INVALID_FIELD",
		"SELECT Id, Nobody.Name FROM Contact":                                         "INVALID_FIELD",
		"SELECT Id, id FROM Contact":                                                  "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Description = 'x'":                              "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE MailingAddress = 'x'":                           "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE SystemModstamp > '2026-01-01'":                  "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE SystemModstamp > 2026-01-01":                    "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE LastName = 5":                                   "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE DoNotCall = 'true'":                             "INVALID_FIELD",
		"SELECT Id FROM Contact WHERE Id = 'x'":                                       "INVALID_QUERY_FILTER_OPERATOR",
		"SELECT Id FROM Opportunity":                                                  "INVALID_TYPE",
		"SELECT Id FROM Contact LIMIT 1 OFFSET 2001":                                  "NUMBER_OUTSIDE_VALID_RANGE",
		"SELECT * FROM Contact":                                                       "MALFORMED_QUERY",
		"SELECT FROM Contact":                                                         "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE":                                                "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName = O'Brien'":                            "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName = 'O'Brien'":                           "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName = 'x":                                  "MALFORMED_QUERY",
		`SELECT Id FROM Contact WHERE LastName = 'a\z'`:                               "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName IS NULL":                               "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Id IN ()":                                       "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE Title='a' AND Email='b' OR Phone='c'":           "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE SystemModstamp > 2026-11-23T17:00:00 00:00":     "MALFORMED_QUERY",
		"SELECT Id FROM Contact LIMIT -1":                                             "MALFORMED_QUERY",
		"SELECT Id FROM Contact;":                                                     "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE LastName = '" + strings.Repeat("x", 4001) + "'": "MALFORMED_QUERY",
		"SELECT Id FROM Contact WHERE " + strings.Repeat("(", 150) + "Id = null":      "MALFORMED_QUERY",
	} {
		code, _ := b.refused(q)
		require.Equal(t, want, code, q)
	}
	_, message := b.refused("SELECT Id, Nope FROM Contact")
	require.Contains(t, message, "No such column 'Nope' on entity 'Contact'")
	require.Contains(t, message, "ERROR at Row:1:Column:12")
}

func TestAnUnencodedPlusMakesADateTimeMalformed(t *testing.T) {
	b := newBench(t, Options{})
	a := b.do("GET", v67+"/query?q=SELECT+Id+FROM+Contact+WHERE+SystemModstamp+>+2026-11-23T17:00:00+00:00", nil)
	require.Equal(t, "MALFORMED_QUERY", a.code(t))
}

func TestAURLThatIsTooLongIsRefused(t *testing.T) {
	b := newBench(t, Options{})
	long := strings.Repeat("x", 16_400)
	require.Equal(t, 414, b.do("GET", v67+"/query?q="+long, nil).status)
	b.header.Set("X-Padding", long)
	require.Equal(t, 431, b.do("GET", v67+"/limits", nil).status)
}

func TestQueryHidesDeletedRowsAndQueryAllShowsThem(t *testing.T) {
	b := newBench(t, Options{})
	winner, loser := b.create(fields{"LastName": "Winner"}), b.create(fields{"LastName": "Loser"})
	plain, purged := b.create(fields{"LastName": "Plain"}), b.create(fields{"LastName": "Purged"})
	b.clock.advance(time.Minute)
	require.NoError(t, b.org.Merge(winner, loser))
	require.NoError(t, b.org.Delete("Contact", plain))
	require.NoError(t, b.org.Purge("Contact", purged))
	require.Equal(t, []any{"Winner"}, names(b.query("SELECT LastName FROM Contact")))
	rows := b.queryAll("SELECT LastName, IsDeleted, MasterRecordId, SystemModstamp FROM Contact ORDER BY Id")
	require.Equal(t, []any{"Winner", "Loser", "Plain"}, names(rows))
	require.Equal(t, []any{false, true, true}, columnOf(rows, "IsDeleted"))
	require.Equal(t, []any{nil, winner, nil}, columnOf(rows, "MasterRecordId"))
	for _, stamp := range columnOf(rows, "SystemModstamp") {
		require.Equal(t, "2026-11-23T17:01:00.000+0000", stamp)
	}
	require.NoError(t, b.org.Undelete("Contact", loser))
	got, _ := b.org.Get("Contact", loser)
	require.Nil(t, got["MasterRecordId"])
	b.clock.advance(16 * 24 * time.Hour)
	require.Len(t, b.queryAll("SELECT Id FROM Contact"), 2, "the recycle bin forgets after 15 days")
}

func TestACursorIsASnapshotOfRowsNotOfWhatTheyHold(t *testing.T) {
	b := newBench(t, Options{})
	b.header.Set("Sforce-Query-Options", "batchSize=200")
	var rows []map[string]any
	for i := range 450 {
		rows = append(rows, fields{"LastName": fmt.Sprintf("N%03d", i)})
	}
	ids := b.org.Load("Contact", rows)
	first := b.ok("GET", soqlPathOf("/query", "SELECT LastName FROM Contact ORDER BY Id"), nil).object(t)
	require.EqualValues(t, 450, first["totalSize"])
	require.Equal(t, false, first["done"])
	require.Len(t, first["records"], 200)
	require.NoError(t, b.org.Edit("Contact", ids[201], fields{"LastName": "Edited"}))
	require.NoError(t, b.org.Delete("Contact", ids[202]))
	b.org.Create("Contact", fields{"LastName": "Late"})
	next := first["nextRecordsUrl"].(string)
	second := b.ok("GET", next, nil).object(t)
	require.Len(t, second["records"], 199)
	require.Equal(t, "Edited", second["records"].([]any)[1].(map[string]any)["LastName"])
	third := b.ok("GET", second["nextRecordsUrl"].(string), nil).object(t)
	require.Equal(t, true, third["done"])
	require.Len(t, third["records"], 50)
	require.NotContains(t, third, "nextRecordsUrl")

	require.Equal(t, 200, b.ok("GET", next, nil).status, "a page can be read again")
	require.Equal(t, "INVALID_QUERY_LOCATOR", b.do("GET", v67+"/query/01gNOPE-200", nil).code(t))
	b.clock.advance(49 * time.Hour)
	require.Equal(t, "INVALID_QUERY_LOCATOR", b.do("GET", next, nil).code(t))
}

func TestTwoLongTextFieldsMakeSmallPages(t *testing.T) {
	b := newBench(t, Options{})
	b.org.AddCustomField("Contact", "Story__c", "LongTextArea")
	b.org.AddCustomField("Contact", "Saga__c", "LongTextArea")
	rows := make([]map[string]any, 300)
	for i := range rows {
		rows[i] = fields{"LastName": "x"}
	}
	b.org.Load("Contact", rows)
	require.Len(t, b.ok("GET", soqlPathOf("/query", "SELECT Story__c FROM Contact"), nil).object(t)["records"], 300)
	require.Len(t, b.ok("GET", soqlPathOf("/query", "SELECT Story__c, Saga__c FROM Contact"), nil).object(t)["records"], 200)
}

func TestKeysetPagingSeesEachRowOnceThroughTies(t *testing.T) {
	b := newBench(t, Options{})
	var want []any
	for i := range 30 {
		want = append(want, b.org.Create("Contact", fields{"LastName": "x"}))
		if i%10 == 9 {
			b.clock.advance(time.Second)
		}
	}
	var got []any
	stamp, id := "1970-01-01T00:00:00Z", want[0].(string)[:3]+"000000000000"
	for range 20 {
		rows := b.query(fmt.Sprintf("SELECT Id, SystemModstamp FROM Contact WHERE (SystemModstamp > %[1]s) OR (SystemModstamp = %[1]s AND Id > '%[2]s') ORDER BY SystemModstamp, Id LIMIT 7", stamp, id))
		if len(rows) == 0 {
			break
		}
		got = append(got, columnOf(rows, "Id")...)
		last := rows[len(rows)-1]
		stamp, id = strings.Replace(last["SystemModstamp"].(string), "+0000", "Z", 1), last["Id"].(string)
	}
	require.Equal(t, want, got)
}

func TestQueryNeedsItsParameter(t *testing.T) {
	b := newBench(t, Options{})
	require.Equal(t, "MALFORMED_QUERY", b.do("GET", v67+"/query?"+url.Values{"soql": {"x"}}.Encode(), nil).code(t))
}
