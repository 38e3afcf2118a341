package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-sync/tandem/internal/record"
)

// expressionFile is a rules file with fields of every type that an expression can meet, and one line of its own.
func expressionFile(line string) string {
	return ids + line + `
contacts:
  filter: FILTER
  fields:
    do_not_email: {direction: both}
    tags: {salesforce: T__c, to_salesforce: SET}
    last_name: {to_salesforce: TEXT}
    custom.plan: {type: text, gohighlevel: contact.plan, salesforce: Plan__c}
    custom.score: {type: number, gohighlevel: contact.score, salesforce: Score__c}
    custom.member: {type: bool, gohighlevel: contact.member, salesforce: Member__c}
    custom.interests: {type: set, gohighlevel: contact.interests, salesforce: Interests__c}
`
}

func withExpression(place, source string) string {
	text := strings.Replace(expressionFile(""), place, "'"+strings.ReplaceAll(source, "'", "''")+"'", 1)
	for _, other := range []string{"FILTER", "SET", "TEXT"} {
		text = strings.Replace(text, other, "", 1)
	}
	return text
}

var ada = record.Record{Side: record.GoHighLevel, Kind: record.Contact, ID: "1", Fields: record.Fields{
	"first_name": {"Ada"}, "last_name": {"Lovelace"}, "email": {"ada@example.com"}, "phone": nil, "tags": {"math", "vip"}, "do_not_email": {"true"},
	"custom.plan": {"gold"}, "custom.score": {"7.5"}, "custom.member": nil, "custom.interests": {"engines"},
}}

func TestAConditionSeesEveryFieldUnderItsName(t *testing.T) {
	for source, want := range map[string]bool{
		`email != "" && !("internal" in tags)`:                          true,
		`"vip" in tags`:                                                 true,
		`phone == ""`:                                                   true, // known to be empty
		`city == ""`:                                                    true, // not known
		`do_not_email`:                                                  true,
		`custom.member`:                                                 false,
		`custom["plan"] == "gold"`:                                      true,
		`custom.plan in ["silver", "gold"]`:                             true,
		`float(custom.score) > 7`:                                       true,
		`"engines" in custom.interests`:                                 true,
		`side == "gohighlevel"`:                                         true,
		`side == "salesforce"`:                                          false,
		`email endsWith "@example.com"`:                                 true,
		`email matches "^a.*com$"`:                                      true,
		`any(tags, hasPrefix(#, "v"))`:                                  true,
		`count(tags, # == "vip") == 1 && len(tags) == 2`:                true,
		`upper(last_name) == "LOVELACE"`:                                true,
		`let full = first_name + " " + last_name; len(full) == 12`:      true,
		`join(split(email, "@"), " at ") == "ada at example.com"`:       true,
		`replace(email, ".com", "") + string(len(tags)) startsWith "b"`: false,
	} {
		r := parse(t, withExpression("FILTER", source))
		require.Equal(t, source, r.Contacts.Filter.Source())
		got, err := r.Contacts.Filter.Match(ada)
		assert.NoError(t, err, source)
		assert.Equal(t, want, got, source)
	}
}

func TestATransformChangesAText(t *testing.T) {
	for source, want := range map[string]record.Value{
		`upper(value)`: {"LOVELACE"},
		`trim(value + " (" + contact.first_name + ")")`: {"Lovelace (Ada)"},
		`contact.custom.plan`:                           {"gold"},
		`contact["custom"]["plan"]`:                     {"gold"},
		`join(contact.tags, "/")`:                       {"math/vip"},
		`value == "" ? "none" : value[0:4]`:             {"Love"},
		`contact.do_not_email ? "" : value`:             nil,
		`contact.phone`:                                 nil,
		`string({"Lovelace": "L."}[value] ?? value)`:    {"L."},
		`string(round(float(contact.custom.score)))`:    {"8"},
	} {
		transform := fieldRule(t, parse(t, withExpression("TEXT", source)), record.LastName).ToSalesforce
		require.Equal(t, source, transform.Source())
		got, err := transform.Apply(ada.Fields[record.LastName], ada)
		assert.NoError(t, err, source)
		assert.Equal(t, want, got, source)
	}
}

func TestAWrongExpressionIsAProblemWithItsColumnAndAHint(t *testing.T) {
	const filter, text, set = "5: contacts.filter: ", "9: contacts.fields.last_name.to_salesforce: ", "8: contacts.fields.tags.to_salesforce: "
	for _, c := range []struct{ place, source, want string }{
		{"FILTER", `emial != ""`, filter + `at column 1: there is no emial; did you mean email?`},
		{"FILTER", `email != "" && plan == "x"`, filter + `at column 16: there is no plan; did you mean custom.plan?`},
		{"FILTER", `custom["paln"] == "x"`, filter + `at column 8: there is no paln; did you mean plan?`},
		{"FILTER", `website == ""`, filter + `at column 1: website is off, so it is never read; give it a direction and a salesforce field under contacts.fields to use it here`},
		{"FILTER", `email`, filter + `at column 1: it must give true or false, but gives text; compare it, as email != ""`},
		{"FILTER", `custom.score > 3`, filter + `at column 14: > does not go between text and a number; every field is text: put what it is compared with in quotes, or turn it into a number with float(…)`},
		{"FILTER", `do_not_email == "yes"`, filter + `at column 14: == does not go between true or false and text; a field of true or false stands by itself or after !`},
		{"FILTER", `tags == "vip"`, filter + `at column 6: == does not go between a list and text; ask for an element with in, as "vip" in tags`},
		{"FILTER", `"VIP" in tags`, filter + `at column 1: never true, because tags and the like are kept in lower case; write "vip"`},
		{"FILTER", `email ==`, filter + `at column 8: the expression ends too early; a value, a quote or a bracket is missing`},
		{"FILTER", `now() == nil`, filter + `at column 1: there is no now; an expression cannot read the clock, so that it decides the same every time`},
		{"FILTER", `date("2026-01-01") == nil`, filter + `at column 1: there is no date; an expression cannot read the clock, so that it decides the same every time`},
		{"FILTER", `any(tags, any(tags, # == "x"))`, filter + `at column 21: a search inside a search is not allowed; ask with in, as # in ["a", "b"]`},
		{"FILTER", `len(1..9) == 9`, filter + `at column 6: ranges (..) are not allowed`},
		{"FILTER", `any(email, # == "x")`, filter + `at column 5: any takes a list, as tags, but is given text`},
		{"FILTER", `string(custom) == ""`, filter + `at column 8: string takes one value; for a list use join`},
		{"FILTER", `$env.email == ""`, filter + `at column 1: there is no $env; name the fields one by one`},
		{"FILTER", ` `, filter + `is empty; write an expression, or leave it out`},
		{"FILTER", strings.Repeat("x", 2001), filter + `the expression has more than 2000 characters`},
		{"FILTER", `true` + strings.Repeat(" && true", 200), filter + `at column 1206: the expression is too long; make it simpler`},
		{"TEXT", `valeu`, text + `at column 1: there is no valeu; did you mean value?`},
		{"TEXT", `value + email`, text + `at column 9: there is no email; did you mean contact.email?`},
		{"TEXT", `contact.emial`, text + `at column 9: there is no emial; did you mean email?`},
		{"TEXT", `len(value)`, text + `at column 1: it must give text, but gives a number; wrap it in string(…)`},
		{"TEXT", `value == ""`, text + `at column 1: it must give text, but gives true or false; wrap it in string(…)`},
		{"TEXT", `{"a": "b"}[value]`, text + `at column 1: it must give text, but gives something whose type is not known; wrap it in string(…)`},
		{"TEXT", `{"a": "b"}[value] + value`, text + `at column 19: the type of one side of + is not known; wrap it in string(…) or float(…)`},
		{"SET", `value`, set + `at column 1: there is no value; did you mean values?`},
		{"SET", `join(values, ",")`, set + `at column 1: it must give a list of texts, but gives text, as filter(values, # != "old") does`},
		{"SET", `map(values, len(#))`, set + `at column 1: it must give a list of texts, as filter(values, # != "old")`},
		{"SET", `concat(values, "crm")`, set + `at column 16: concat takes lists of texts, as concat(values, ["crm"])`},
	} {
		assert.Equal(t, []string{c.want}, problemsOf(t, withExpression(c.place, c.source)), c.source)
	}
}

func TestAFunctionThatDependsOnOrderOrAccumulatesDoesNotExist(t *testing.T) {
	for _, source := range []string{
		`reduce(tags, # , "") == ""`, `keys(custom) == []`, `values(custom) == []`, `toPairs(custom) == []`, `groupBy(tags, #) == nil`, `sortBy(tags, #) == []`,
		`repeat(email, 9) == ""`, `fromJSON(email) == nil`, `flatten([tags]) == []`, `toJSON(custom) == ""`, `get(custom, "plan") == ""`, `type(email) == ""`,
	} {
		name, _, _ := strings.Cut(source, "(")
		problems := strings.Join(problemsOf(t, withExpression("FILTER", source)), "\n")
		assert.Contains(t, problems, "there is no "+name+"; the functions are all, any", source)
	}
}

func TestTheLineOfAProblemInABlockOfTextIsItsOwn(t *testing.T) {
	text := ids + "contacts:\n  filter: |\n    email != \"\" &&\n    phnoe != \"\"\n"
	assert.Equal(t, []string{`6: contacts.filter: at line 2, column 1: there is no phnoe; did you mean phone?`}, problemsOf(t, text))
}

func TestEveryWrongExpressionOfAFileIsReported(t *testing.T) {
	text := strings.NewReplacer("FILTER", "a", "SET", "b", "TEXT", "c").Replace(expressionFile("contcts: {}"))
	assert.Len(t, problemsOf(t, text), 4)
}

func TestAnExpressionThatFailsOnARecordSaysNothingOfTheRecord(t *testing.T) {
	filter := parse(t, withExpression("FILTER", `email != "" && float(custom.plan) > 1`)).Contacts.Filter
	_, err := filter.Match(ada)
	var failed *ExpressionError
	require.ErrorAs(t, err, &failed)
	assert.EqualError(t, err, "contacts.filter: the expression fails at column 16: it has no result for this record; guard it against empty or other text")
	assert.NotContains(t, err.Error(), "gold")

	kept, err := filter.Match(record.Record{})
	assert.NoError(t, err)
	assert.False(t, kept)
}

func TestAnExpressionCannotGrowWithoutBounds(t *testing.T) {
	long := record.Record{Fields: record.Fields{"email": {strings.Repeat("x", 30_000)}}}
	doubling := "let a0 = email; "
	for i := range 40 {
		doubling += strings.NewReplacer("N", string(rune('a'+i/10))+string(rune('0'+i%10)), "P", previous(i)).Replace("let vN = P + P; ")
	}
	for name, source := range map[string]string{
		"doubling":             doubling + `vd9 == ""`,
		"replacing":            `replace(replace(email, "x", email), "x", email) == ""`,
		"joining":              `join(split(email, ""), email) == ""`,
		"a text per character": `len(map(split(email, ""), email + #)) == 0`,
		"upper per character":  `len(map(split(email, ""), upper(email))) == 0`,
		"lists of lists":       `let a = concat(split(email, ""), split(email, "")); len(map(a, join(a, ""))) == 0`,
	} {
		filter := parse(t, withExpression("FILTER", source)).Contacts.Filter
		_, err := filter.Match(long)
		assert.ErrorContains(t, err, "grows too large for this record", name)
	}
}

func previous(i int) string {
	if i == 0 {
		return "a0"
	}
	return "v" + string(rune('a'+(i-1)/10)) + string(rune('0'+(i-1)%10))
}

func TestAnExpressionAlwaysGivesTheSameResultForTheSameRecord(t *testing.T) {
	r := parse(t, withExpression("FILTER", `any(tags, # in custom.interests) || upper(email) contains join(tags, "") || custom.plan > last_name`))
	again := parse(t, r.Text)
	texts := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c]{0,2}`), 0, 4, rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		fields := record.Fields{}
		for _, f := range r.Contacts.Fields {
			if v := texts.Draw(t, string(f.Field)); f.Set {
				fields[f.Field] = v
			} else if len(v) > 0 {
				fields[f.Field] = record.Scalar(v[0])
			}
		}
		rec := record.Record{Side: record.Salesforce, Fields: fields}
		want, err := r.Contacts.Filter.Match(rec)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got, err := again.Contacts.Filter.Match(rec); err != nil || got != want {
				t.Fatalf("first %v, then %v (%v)", want, got, err)
			}
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, source := range []string{
		`email != "" && !("internal" in tags)`, `upper(email) | lower() == "x"`, `let a = email; a + a == ""`, `map(tags, # + "x")[0] == ""`,
		`{"a": 1}[email] ?? 2 > 1`, `email[1:3] matches "["`, `first(tags)?.x`, `-1 ** 2 > 3`, `upper == lower`, `string(upper) == ""`, "email contains `x`", `if true {true} else {false}`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		d := &document{file: "acme.yaml"}
		s := scope{fields: []scopedField{{"email", record.TypeEmail}, {"tags", record.TypeSet}, {"custom.plan", record.TypeText}, {"do_not_email", record.TypeBool}}, off: []record.Field{"website"}}
		e := compileSource(value{document: d, path: "contacts.filter", line: 1, column: 1}, source, s, conditionShape)
		if (e == nil) != (len(d.problems) > 0) {
			t.Fatalf("neither an expression nor a problem: %v", d.problems)
		}
		if e == nil {
			return
		}
		c := Condition{*e}
		first, firstErr := c.Match(ada)
		again, againErr := c.Match(ada)
		if first != again || (firstErr == nil) != (againErr == nil) {
			t.Fatal("two results for one record")
		}
		if firstErr != nil && strings.Contains(firstErr.Error(), "ada@") {
			t.Fatal("the error quotes the record")
		}
	})
}
