package rules

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed example.yaml
var exampleFile string

// Example returns a rules file to start from: the defaults, each explained. Parse accepts it when it accepts the three
// names.
func Example(connection, location, org string) []byte {
	names := strings.NewReplacer(
		"{{connection}}", strconv.Quote(connection), "{{location}}", strconv.Quote(location), "{{org}}", strconv.Quote(org))
	return []byte(names.Replace(exampleFile))
}
