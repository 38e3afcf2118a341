package salesforcetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

const (
	subrequestMax = 25
	heavyMax      = 5 // queries and collections among the subrequests of one composite request
)

type subrequest struct {
	Method      string            `json:"method"`
	URL         string            `json:"url"`
	ReferenceID string            `json:"referenceId"`
	Headers     map[string]string `json:"httpHeaders"`
	Body        json.RawMessage   `json:"body"`
	RichInput   json.RawMessage   `json:"richInput"`
}

var (
	referenceName   = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	referenceSyntax = regexp.MustCompile(`@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}`)
	pathStep        = regexp.MustCompile(`\.([A-Za-z0-9_]+)|\[(\d+)\]`)
)

// composite answers POST /composite: subrequests in order, which may refer to each other's answers. All of them run
// under one lock, as one transaction.
func (c *call) composite() (*reply, *apiError) {
	var in struct {
		AllOrNone bool         `json:"allOrNone"`
		Requests  []subrequest `json:"compositeRequest"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := checkSubrequests(in.Requests); err != nil {
		return nil, err
	}
	defer c.write()()
	w := &writer{f: c.f, now: c.now, user: c.user}
	c.allOrNone = in.AllOrNone
	answers := make([]*reply, len(in.Requests))
	known := map[string]any{}
	failed := -1
	for i, sub := range in.Requests {
		if failed >= 0 && in.AllOrNone {
			break
		}
		answers[i] = c.subrequest(w, sub, known)
		if (answers[i].status >= 300 || in.AllOrNone && answers[i].failed) && failed < 0 {
			failed = i
		}
		if len(answers[i].body) > 0 && answers[i].status < 300 {
			var body any
			if decodeJSON(answers[i].body, &body) == nil {
				known[sub.ReferenceID] = body
			}
		}
	}
	if failed >= 0 && in.AllOrNone {
		w.rollback(mark{})
		for i := range answers {
			if i != failed {
				answers[i] = fail("PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed.").reply()
			}
		}
	}
	c.f.stats.wrote(w)
	b := []byte(`{"compositeResponse":[`)
	for i, sub := range in.Requests {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSubresponse(b, answers[i], sub.ReferenceID)
	}
	return json200(append(b, "]}"...)), nil
}

func checkSubrequests(list []subrequest) *apiError {
	if len(list) == 0 || len(list) > subrequestMax {
		return fail("INVALID_INPUT", fmt.Sprintf("a composite request holds between 1 and %d subrequests", subrequestMax))
	}
	seen := map[string]bool{}
	heavy := 0
	for _, sub := range list {
		if !referenceName.MatchString(sub.ReferenceID) || seen[sub.ReferenceID] {
			return fail("INVALID_INPUT", "each subrequest needs a referenceId of its own, of letters, digits and underscores")
		}
		seen[sub.ReferenceID] = true
		if strings.Contains(sub.URL, "/query") || strings.Contains(sub.URL, "/composite/sobjects") {
			heavy++
		}
		if strings.HasSuffix(sub.URL, "/composite") || strings.Contains(sub.URL, "/composite/batch") {
			return fail("INVALID_INPUT", "composite requests cannot be nested")
		}
	}
	if heavy > heavyMax {
		return fail("INVALID_INPUT", fmt.Sprintf("no more than %d subrequests may be queries or collections", heavyMax))
	}
	return nil
}

func appendSubresponse(b []byte, r *reply, reference string) []byte {
	b = append(b, `{"body":`...)
	if len(r.body) == 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, r.body...)
	}
	b = append(b, `,"httpHeaders":{`...)
	if location := r.header["Location"]; location != "" {
		b = append(b, `"Location":`...)
		b = appendString(b, location)
	}
	b = fmt.Appendf(b, `},"httpStatusCode":%d,"referenceId":`, r.status)
	return append(appendString(b, reference), '}')
}

func (c *call) subrequest(w *writer, sub subrequest, known map[string]any) *reply {
	target, body := sub.URL, string(sub.Body)
	for _, text := range []*string{&target, &body} {
		var missing *apiError
		*text = referenceSyntax.ReplaceAllStringFunc(*text, func(match string) string {
			m := referenceSyntax.FindStringSubmatch(match)
			value, ok := resolveReference(known[m[1]], m[2])
			if !ok {
				missing = fail("PROCESSING_HALTED", "Invalid reference specified. No value for "+strings.TrimPrefix(m[2], ".")+" found in "+m[1])
			}
			return value
		})
		if missing != nil {
			return missing.reply()
		}
	}
	header := http.Header{}
	for name, value := range sub.Headers {
		header.Set(name, value)
	}
	for _, name := range []string{"Sforce-Duplicate-Rule-Header", "Sforce-Query-Options"} {
		if header.Get(name) == "" && c.header.Get(name) != "" {
			header.Set(name, c.header.Get(name))
		}
	}
	in, err := c.inner(sub.Method, target, header, []byte(body))
	if err != nil {
		return err.reply()
	}
	in.shared = w
	return in.route().asPart()
}

// resolveReference follows ".records[0].Id" into an answer's body.
func resolveReference(body any, path string) (string, bool) {
	for _, step := range pathStep.FindAllStringSubmatch(path, -1) {
		switch at := body.(type) {
		case map[string]any:
			body = at[step[1]]
		case []any:
			i, err := strconv.Atoi(step[2])
			if err != nil || i >= len(at) {
				return "", false
			}
			body = at[i]
		default:
			return "", false
		}
	}
	switch v := body.(type) {
	case string:
		quoted := appendString(nil, v)
		return string(quoted[1 : len(quoted)-1]), true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// batch answers POST /composite/batch: independent subrequests, each a transaction of its own.
func (c *call) batch() (*reply, *apiError) {
	var in struct {
		HaltOnError bool         `json:"haltOnError"`
		Requests    []subrequest `json:"batchRequests"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Requests) == 0 || len(in.Requests) > subrequestMax {
		return nil, fail("INVALID_INPUT", fmt.Sprintf("a batch holds between 1 and %d subrequests", subrequestMax))
	}
	hasErrors := false
	b := []byte(`"results":[`)
	for i, sub := range in.Requests {
		var r *reply
		switch inner, err := c.inner(sub.Method, sub.URL, c.header, sub.RichInput); {
		case hasErrors && in.HaltOnError:
			r = failWith(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request").reply()
		case err != nil:
			r = err.reply()
		case len(inner.path) > 0 && inner.path[0] == "composite":
			r = fail("INVALID_INPUT", "batches cannot hold composite requests").reply()
		default:
			r = inner.route().asPart()
		}
		hasErrors = hasErrors || r.status >= 300
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"statusCode":%d,"result":`, r.status)
		if len(r.body) == 0 {
			b = append(b, "null}"...)
		} else {
			b = append(append(b, r.body...), '}')
		}
	}
	return json200(fmt.Appendf(nil, `{"hasErrors":%t,%s]}`, hasErrors, b)), nil
}
