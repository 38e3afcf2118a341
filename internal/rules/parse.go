package rules

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"

	"github.com/tandem-sync/tandem/internal/record"
)

// Parse reads and checks a rules file. Name is the file's name: it stands in front of every problem, and the connection
// is called after it where the file does not name one. The error is Problems, which lists everything that is wrong. The
// same text always gives the same rules or the same problems.
func Parse(name string, yamlText []byte) (*Rules, error) {
	d := &document{file: name}
	root, ok := d.read(yamlText)
	if !ok {
		return nil, d.err()
	}
	top := root.section("connection", "gohighlevel", "salesforce", "contacts", "tasks", "notes", "appointments", "users", "live", "reviews", "retention", "note_to_task")
	if root.given() && root.what() != "a group of keys" {
		return nil, d.err()
	}
	goHighLevel, indexLag := parseGoHighLevel(top.get("gohighlevel"))
	out := &Rules{
		Connection:   connectionName(top.get("connection"), name),
		GoHighLevel:  goHighLevel,
		Salesforce:   parseSalesforce(top.get("salesforce")),
		Tasks:        parseTasks(top.get("tasks")),
		Notes:        parseNotes(top.get("notes")),
		Appointments: parseAppointments(top.get("appointments")),
		Users:        parseUsers(top.get("users")),
		Live:         parseLive(top.get("live"), indexLag),
		Reviews:      parseReviews(top.get("reviews")),
		Retention:    parseRetention(top.get("retention")),
		NoteToTask:   parseNoteToTask(top.get("note_to_task")),
		Text:         string(yamlText),
	}
	out.Contacts = parseContacts(top.get("contacts"), externalFields{
		goHighLevel: out.GoHighLevel.ExternalIDField, salesforce: out.Salesforce.ExternalIDField,
	})
	if err := d.err(); err != nil {
		return nil, err
	}
	return out, nil
}

var connectionID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func connectionName(v value, file string) string {
	base := path.Base(file)
	fromFile := strings.TrimSuffix(base, path.Ext(base))
	given := v.text(fromFile)
	switch {
	case connectionID.MatchString(given):
	case v.given():
		v.problem("%s is not a connection name; use lower-case letters, digits and dashes, at most 40, as acme-north", quoted(given))
	default:
		v.path = "connection"
		v.problem("is missing; name the connection with lower-case letters, digits and dashes, at most 40: connection: acme")
	}
	return given
}

var (
	locationID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	orgID      = regexp.MustCompile(`^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$`)
	apiVersion = regexp.MustCompile(`^[6-9][0-9]\.0$`)
)

// parseGoHighLevel also returns the index lag with its place, for the polls that must reach back behind it.
func parseGoHighLevel(v value) (GoHighLevel, placedSpan) {
	s := v.section("location", "external_id_field", "allowance", "index_lag", "base_url")
	indexLag := s.get("index_lag").placedSpan(defaultIndexLag, 0, 10*time.Minute)
	out := GoHighLevel{
		Location:  s.get("location").text(""),
		Allowance: parseAllowance(s.get("allowance"), defaultGoHighLevelAllowance),
		IndexLag:  indexLag.span,
		BaseURL:   parseBaseURL(s.get("base_url")),
	}
	location := s.get("location")
	switch {
	case !location.given():
		location.problem("is missing; write the id of the GoHighLevel location, as it stands in its address: location: ve9EPM428h8vShlRW1KT")
	case out.Location != "" && !locationID.MatchString(out.Location):
		location.problem("%s is not a location id; it has letters and digits only, as ve9EPM428h8vShlRW1KT", quoted(out.Location))
	case out.Location == "":
		emptyText(location, "the id of the GoHighLevel location")
	}
	field := s.get("external_id_field")
	if out.ExternalIDField = field.text(""); out.ExternalIDField != "" {
		checkCustomFieldKey(field, out.ExternalIDField)
	}
	return out, indexLag
}

// emptyText reports a text that is there but empty; text of another kind is reported already.
func emptyText(v value, what string) {
	if v.what() == "text" {
		v.problem("is empty; write %s", what)
	}
}

func parseSalesforce(v value) Salesforce {
	s := v.section("org", "external_id_field", "api_version", "allow_duplicates", "allowance")
	out := Salesforce{
		Org:             s.get("org").text(""),
		ExternalIDField: s.get("external_id_field").text(""),
		APIVersion:      s.get("api_version").version("67.0"),
		AllowDuplicates: s.get("allow_duplicates").boolean(true),
		Allowance:       parseAllowance(s.get("allowance"), defaultSalesforceAllowance),
	}
	org := s.get("org")
	switch {
	case !org.given():
		org.problem("is missing; write the id of the Salesforce org from Setup, Company Information: org: 00D000000000001")
	case out.Org != "" && !orgID.MatchString(out.Org):
		org.problem("%s is not an org id; it starts with 00D and has 15 or 18 letters and digits", quoted(out.Org))
	case out.Org == "":
		emptyText(org, "the id of the Salesforce org")
	}
	if field := out.ExternalIDField; field != "" && (checkAPIName(field) != "" || !strings.HasSuffix(field, "__c")) {
		s.get("external_id_field").problem("%s is not the API name of a custom field of Contact, as GHL_Id__c; leave it out when the org has none", quoted(field))
	}
	return out
}

func parseAllowance(v value, defaults Allowance) Allowance {
	s := v.section("requests", "window", "daily", "backfill_share", "recheck")
	return Allowance{
		Requests:      s.get("requests").integer(defaults.Requests, 0, 1_000_000),
		Window:        s.get("window").duration(defaults.Window, shortestSpan, time.Hour),
		Daily:         s.get("daily").integer(defaults.Daily, 0, 1_000_000_000),
		BackfillShare: s.get("backfill_share").share(defaults.BackfillShare, 0.01, 1),
		Recheck:       s.get("recheck").duration(defaults.Recheck, shortestSpan, day),
	}
}

// parseBaseURL reads the address of a sandbox, without a slash at its end.
func parseBaseURL(v value) string {
	text := v.text("")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		v.problem("is not an address; write one as https://services.example.com, or leave it out for GoHighLevel itself")
		return ""
	}
	return strings.TrimRight(text, "/")
}

// parseRegion reads the country that phones without a country code belong to.
func parseRegion(v value) string {
	const fallback = "US"
	text := v.text(fallback)
	if region, err := language.ParseRegion(text); err == nil && region.IsCountry() && region.String() == text &&
		phonenumbers.GetCountryCodeForRegion(text) != 0 {
		return text
	}
	if code := record.CountryCode(strings.TrimSpace(text)); len(code) == 2 && phonenumbers.GetCountryCodeForRegion(code) != 0 {
		v.problem("%s is not an ISO country code; did you mean %s?", quoted(text), code)
	} else {
		v.problem("%s is not an ISO country code; use two capital letters, as US", quoted(text))
	}
	return fallback
}

func parseContacts(v value, external externalFields) Contacts {
	s := v.section("match", "region", "missing_last_name", "last_name_placeholder", "filter", "deletions", "fields")
	tiers := []record.MatchTier{record.MatchExternalID, record.MatchEmail, record.MatchPhoneAndName}
	out := Contacts{
		Match:               list(s.get("match"), tiers, "a way to match", tiers...),
		Region:              parseRegion(s.get("region")),
		MissingLastName:     parseMissingLastName(s.get("missing_last_name")),
		LastNamePlaceholder: s.get("last_name_placeholder").text("Unknown"),
	}
	if match := s.get("match"); match.given() && match.what() == "a list" && len(out.Match) == 0 {
		match.problem("must name at least one way to match: %s", anyOf(tiers))
	}
	const longestLastName = 80 // Salesforce's LastName
	placeholder := s.get("last_name_placeholder")
	switch text := strings.TrimSpace(out.LastNamePlaceholder); {
	case text == "" && placeholder.what() == "text":
		placeholder.problem("is empty; write a last name, as Unknown, or leave placeholder out of missing_last_name")
	case len([]rune(text)) > longestLastName:
		placeholder.problem("is longer than the %d characters that Salesforce takes for a last name", longestLastName)
	}
	fields := parseFields(s.get("fields"), external)
	out.Deletions = parseDeletions(s.get("deletions"), fields, external)
	scope := fields.scope()
	out.Filter = compileCondition(s.get("filter"), scope)
	out.Fields = fields.rules(scope)
	return out
}

func parseMissingLastName(v value) []LastNameSource {
	usual := []LastNameSource{LastNameFromCompany, LastNameFromEmail, LastNameFromPhone, LastNamePlaceholder}
	out := list(v, usual, "a stand-in for a last name", append([]LastNameSource{LastNameFromFirstName}, usual...)...)
	for i, source := range out {
		if source == LastNamePlaceholder && i < len(out)-1 {
			v.problem("placeholder always has a value, so nothing after it is used; put it last")
		}
	}
	return out
}
