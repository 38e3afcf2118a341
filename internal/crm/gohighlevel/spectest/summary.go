package spectest

import (
	"errors"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// summary names what is wrong and where, without the schema and the value that kin-openapi prints along.
func summary(err error) string {
	var parts []string
	collect(err, &parts)
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), "; ")
}

func collect(err error, parts *[]string) {
	var schema *openapi3.SchemaError
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, one := range many {
			collect(one, parts)
		}
		return
	}
	if errors.As(err, &schema) {
		*parts = append(*parts, "/"+strings.Join(schema.JSONPointer(), "/")+": "+schema.Reason)
		return
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	*parts = append(*parts, first)
}
