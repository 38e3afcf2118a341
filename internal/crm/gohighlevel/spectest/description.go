// Package spectest checks what passes between a client and a fake of HighLevel against HighLevel's own OpenAPI
// description, so that the two cannot agree on a mistake.
package spectest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// DirectoryVariable names the environment variable that says where HighLevel's description is: the directory with
// "apps" and "common" of https://github.com/GoHighLevel/highlevel-api-docs.
const DirectoryVariable = "TANDEM_GHL_SPECS"

// besideTheModule is where the description is looked for otherwise, seen from the module's root.
const besideTheModule = "../shared/specs/gohighlevel"

var errNoDescription = errors.New("SKIPPED: HighLevel's OpenAPI description not found; set " + DirectoryVariable)

// route is one operation of the description.
type route struct {
	document  *openapi3.T
	template  string
	segments  []string
	item      *openapi3.PathItem
	method    string
	operation *openapi3.Operation
}

func (r route) name() string { return r.method + " " + r.template }

// description is all operations, and the first segments of their paths.
type description struct {
	routes   []route
	prefixes map[string]bool
}

var load = sync.OnceValues(func() (*description, error) {
	directory, err := findDirectory()
	if err != nil {
		return nil, err
	}
	return readAt(directory)
})

func readAt(directory string) (*description, error) {
	files, err := filepath.Glob(filepath.Join(directory, "apps", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, errNoDescription
	}
	all := &description{prefixes: map[string]bool{}}
	for _, file := range files {
		document, err := readDocument(file)
		if err != nil {
			return nil, fmt.Errorf("HighLevel's description %s: %w", filepath.Base(file), err)
		}
		for template, item := range document.Paths.Map() {
			segments := strings.Split(strings.TrimPrefix(template, "/"), "/")
			all.prefixes[segments[0]] = true
			for method, operation := range item.Operations() {
				all.routes = append(all.routes, route{document, template, segments, item, method, operation})
			}
		}
	}
	return all, nil
}

func readDocument(file string) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = true
	// The documents refer to "../common/…", which may only be a file beside them.
	root := filepath.Dir(filepath.Dir(file))
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
		path := filepath.FromSlash(location.Path)
		if relative, err := filepath.Rel(root, path); location.Scheme != "" && location.Scheme != "file" || err != nil ||
			strings.HasPrefix(relative, "..") {
			return nil, errors.New("a reference leads out of the description")
		}
		return os.ReadFile(path)
	}
	document, err := loader.LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	return document, mend(strings.TrimSuffix(filepath.Base(file), ".json"), document)
}

func findDirectory() (string, error) {
	if given := os.Getenv(DirectoryVariable); given != "" {
		return filepath.Abs(given)
	}
	at, err := os.Getwd()
	if err != nil {
		return "", errNoDescription
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			found := filepath.Join(at, filepath.FromSlash(besideTheModule))
			if _, err := os.Stat(filepath.Join(found, "apps")); err != nil {
				return "", errNoDescription
			}
			return found, nil
		}
		parent := filepath.Dir(at)
		if parent == at {
			return "", errNoDescription
		}
		at = parent
	}
}

// find returns the operation that a request is for, a literal segment before a placeholder, and the path's ids.
func (d *description) find(method, escapedPath string) (route, map[string]string, bool) {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	var best route
	var ids map[string]string
	for _, candidate := range d.routes {
		if candidate.method != method || len(candidate.segments) != len(segments) {
			continue
		}
		if found, ok := match(candidate.segments, segments); ok && (ids == nil || len(found) < len(ids)) {
			best, ids = candidate, found
		}
	}
	return best, ids, ids != nil
}

func match(template, segments []string) (map[string]string, bool) {
	ids := map[string]string{}
	for i, part := range template {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			id, err := url.PathUnescape(segments[i])
			if err != nil || id == "" {
				return nil, false
			}
			ids[strings.TrimSuffix(name, "}")] = id
		} else if part != segments[i] {
			return nil, false
		}
	}
	return ids, true
}
