package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Features are what a cluster can do. Its distributions differ in modules.
type Features struct {
	// Version is that of the oldest node.
	Version string
	modules map[string]bool
}

// Complete are the features of an ordinary distribution of a version.
func Complete(version string) Features { return Features{Version: version} }

// nodes is the answer to GET /_nodes/plugins.
type nodes struct {
	Nodes map[string]struct {
		Version string
		Modules []struct{ Name string }
	}
}

// FeaturesOf asks for versions and modules. Elastic's serverless projects do
// not tell: they count as complete.
func FeaturesOf(ctx context.Context, s Server) (Features, error) {
	var n nodes
	err := call(ctx, s, http.MethodGet, "/_nodes/plugins?filter_path=nodes.*.version,nodes.*.modules.name", nil, &n)
	if r, ok := errors.AsType[*Refusal](err); ok && (r.Status == http.StatusNotFound || r.Status == http.StatusGone) {
		return Complete("serverless"), nil
	}
	if err != nil {
		return Features{}, err
	}
	f := Features{modules: map[string]bool{}}
	for _, node := range n.Nodes {
		if f.Version == "" || older(node.Version, f.Version) {
			f.Version = node.Version
		}
		for _, m := range node.Modules {
			f.modules[m.Name] = true
		}
	}
	if f.Version == "" {
		return f, errors.New("the cluster names no node: is it Elasticsearch?")
	}
	return f, nil
}

// has says whether a module is there.
func (f *Features) has(module string) bool { return f.modules == nil || f.modules[module] }

// AtLeast compares the version's first two numbers.
func (f *Features) AtLeast(major, minor int) bool {
	return f.Version == "serverless" || !older(f.Version, fmt.Sprintf("%d.%d", major, minor))
}

func older(a, b string) bool {
	aMajor, aMinor := numbers(a)
	bMajor, bMinor := numbers(b)
	return aMajor < bMajor || aMajor == bMajor && aMinor < bMinor
}

func numbers(version string) (major, minor int) {
	first, rest, _ := strings.Cut(version, ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// plainTypes stand in for field types of modules that are not there.
var plainTypes = map[string]struct{ module, plain string }{
	"constant_keyword": {"constant-keyword", "keyword"},
	"match_only_text":  {"mapper-extras", "text"},
}

// fit replaces, in a mapping, the types that the cluster does not have.
func (f *Features) fit(mapping map[string]any) {
	if name, ok := mapping["type"].(string); ok {
		if p, ok := plainTypes[name]; ok && !f.has(p.module) {
			mapping["type"] = p.plain
			// Only a constant_keyword has a value.
			delete(mapping, "value")
		}
	}
	for _, v := range mapping {
		if below, ok := v.(map[string]any); ok {
			f.fit(below)
		}
	}
}
