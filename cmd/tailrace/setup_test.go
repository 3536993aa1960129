package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tailrace/tailrace/internal/testkit/savedobjects"
)

// backends gives each script a Kibana and a cluster of its own, at $KIBANA and
// $CLUSTER.
func backends(env *testscript.Env) error {
	k, c := savedobjects.New(), &templates{bodies: map[string]string{}}
	env.Values["kibana"], env.Values["cluster"] = k, c
	for name, handler := range map[string]http.Handler{"KIBANA": k, "CLUSTER": c} {
		s := httptest.NewServer(handler)
		env.Defer(s.Close)
		env.Setenv(name, s.URL)
	}
	return nil
}

// edits are what people do to what was set up, as commands of scripts.
var edits = map[string]func(*testscript.TestScript, bool, []string){
	"edit-kibana": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(ts.Value("kibana").(*savedobjects.Kibana).Edit(args[0], args[1], args[2], args[3]))
	},
	"edit-cluster": func(ts *testscript.TestScript, _ bool, args []string) {
		if !ts.Value("cluster").(*templates).edit(args[0], args[1], args[2]) {
			ts.Fatalf("%s does not have %s", args[0], args[1])
		}
	},
}

// templates stands in for a cluster: it gives back what it was given, and knows
// no more than setup asks for. What a real one makes of it is tested in package
// elasticsearch.
type templates struct {
	mu     sync.Mutex
	bodies map[string]string
}

func (c *templates) edit(path, from, to string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.bodies[path]
	c.bodies[path] = strings.Replace(text, from, to, 1)
	return strings.Contains(text, from)
}

// wraps are how answers wrap a resource, by the beginning of its path.
var wraps = map[string][2]string{
	"/_component_template/": {`{"component_templates":[{"name":"x","component_template":`, `}]}`},
	"/_index_template/":     {`{"index_templates":[{"name":"x","index_template":`, `}]}`},
	"/_security/role/":      {`{"x":`, `}`},
}

// constants are the answers that never change.
var constants = map[string]string{
	"GET /_nodes/plugins":          `{"nodes":{"a":{"version":"9.1.0","modules":[{"name":"mapper-extras"},{"name":"constant-keyword"}]}}}`,
	"GET /_security/_authenticate": `{}`,
	"GET /_security/api_key":       `{"api_keys":[]}`,
	"POST /_security/api_key":      `{"id":"i","encoded":"c2VjcmV0"}`,
}

// ServeHTTP implements http.Handler.
func (c *templates) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text, ok := constants[r.Method+" "+r.URL.Path]; ok {
		_, _ = io.WriteString(w, text) // The client may be gone.
		return
	}
	if r.Method == http.MethodPut {
		var body json.RawMessage
		if json.NewDecoder(r.Body).Decode(&body) == nil {
			c.bodies[r.URL.Path] = string(body)
		}
		_, _ = io.WriteString(w, `{"acknowledged":true}`)
		return
	}
	for prefix, wrap := range wraps {
		if text, ok := c.bodies[r.URL.Path]; ok && strings.HasPrefix(r.URL.Path, prefix) {
			_, _ = io.WriteString(w, wrap[0]+text+wrap[1])
			return
		}
	}
	http.Error(w, `{"error":{"type":"resource_not_found_exception","reason":"none"}}`, http.StatusNotFound)
}
