// Package savedobjects stands in for Kibana: import and export of saved objects,
// as its API reference and public source describe them. It has no more of it.
package savedobjects

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Kibana has objects in spaces. It is safe for concurrent use.
type Kibana struct {
	mu sync.Mutex
	// objects are as they are stored, by type and id: an id exists once for all
	// spaces.
	objects map[string]*stored
	calls   []string
}

type stored struct {
	space  string
	object map[string]any
}

// New is a Kibana without objects.
func New() *Kibana { return &Kibana{objects: map[string]*stored{}} }

// Calls are the calls since the last time, by their last part.
func (k *Kibana) Calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	calls := k.calls
	k.calls = nil
	return calls
}

// Attribute is one of an object's, nil where there is none.
func (k *Kibana) Attribute(kind, id, name string) any {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.objects[kind+":"+id]; ok {
		return s.object["attributes"].(map[string]any)[name]
	}
	return nil
}

// Edit changes an attribute, as a person does.
func (k *Kibana) Edit(kind, id, name string, value any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, ok := k.objects[kind+":"+id]
	if !ok {
		return fmt.Errorf("there is no %s %s", kind, id)
	}
	s.object["attributes"].(map[string]any)[name] = value
	return nil
}

// Delete takes an object away.
func (k *Kibana) Delete(kind, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.objects, kind+":"+id)
}

// ServeHTTP implements http.Handler.
func (k *Kibana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	path, space := r.URL.Path, ""
	if rest, ok := strings.CutPrefix(path, "/s/"); ok {
		space, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	call, known := strings.CutPrefix(path, "/api/saved_objects/")
	k.calls = append(k.calls, call)
	switch {
	case r.Header.Get("Kbn-Xsrf") == "":
		refuse(w, http.StatusBadRequest, "Request must contain a kbn-xsrf header.", nil)
	case known && call == "_import" && r.Method == http.MethodPost:
		k.take(w, r, space)
	case known && call == "_export" && r.Method == http.MethodPost:
		k.give(w, r, space)
	default:
		refuse(w, http.StatusNotFound, "Not Found", nil)
	}
}

func refuse(w http.ResponseWriter, status int, message string, attributes any) {
	answer(w, status, map[string]any{"statusCode": status, "error": http.StatusText(status), "message": message, "attributes": attributes})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // The client may be gone.
}

// take imports.
func (k *Kibana) take(w http.ResponseWriter, r *http.Request, space string) {
	f, head, err := r.FormFile("file")
	if err != nil || !strings.HasSuffix(head.Filename, ".ndjson") {
		refuse(w, http.StatusUnsupportedMediaType, "Unsupported Media Type", nil)
		return
	}
	defer f.Close()
	var successes, errors []map[string]any
	here := map[string]bool{}
	for in := json.NewDecoder(f); in.More(); {
		var o map[string]any
		if err := in.Decode(&o); err != nil {
			refuse(w, http.StatusBadRequest, err.Error(), nil)
			return
		}
		done := map[string]any{"type": o["type"], "id": o["id"]}
		here[fmt.Sprint(o["type"], ":", o["id"])] = true
		if problem := k.store(o, space, r.URL.Query().Get("overwrite") == "true", here, done); problem != "" {
			done["error"] = map[string]any{"type": problem}
			errors = append(errors, done)
			continue
		}
		successes = append(successes, done)
	}
	answer(w, http.StatusOK, map[string]any{"success": len(errors) == 0, "successCount": len(successes), "successResults": successes, "errors": errors})
}

// store keeps an object, in the form of this version of Kibana; here is what the
// file had so far.
func (k *Kibana) store(o map[string]any, space string, overwrite bool, here map[string]bool, done map[string]any) (problem string) {
	for _, r := range o["references"].([]any) {
		ref := r.(map[string]any)
		to := fmt.Sprint(ref["type"], ":", ref["id"])
		if s, ok := k.objects[to]; !here[to] && (!ok || s.space != space) {
			return "missing_references"
		}
	}
	key := fmt.Sprint(o["type"], ":", o["id"])
	switch is, there := k.objects[key]; {
	case there && is.space != space:
		o["id"] = fmt.Sprintf("copy-%d", len(k.objects))
		done["destinationId"] = o["id"]
		key = fmt.Sprint(o["type"], ":", o["id"])
	case there && !overwrite:
		return "conflict"
	}
	migrate(o)
	k.objects[key] = &stored{space, o}
	return ""
}

// migrate adds what migrations add: an import runs all of them.
func migrate(o map[string]any) {
	o["coreMigrationVersion"], o["typeMigrationVersion"], o["managed"] = "8.8.0", "8.5.0", false
	o["created_at"], o["updated_at"], o["version"] = "2026-11-22T01:02:03.000Z", "2026-11-22T01:02:03.000Z", "WzEsMV0="
	a := o["attributes"].(map[string]any)
	switch o["type"] {
	case "index-pattern":
		a["typeMeta"], a["fields"], a["sourceFilters"] = "{}", "[]", "[]"
	case "dashboard":
		a["hits"] = 0.0
	case "visualization":
		var state map[string]any
		if json.Unmarshal([]byte(a["visState"].(string)), &state) == nil {
			state["params"].(map[string]any)["legendSize"] = "auto"
			text, _ := json.Marshal(state) // It comes from JSON.
			a["visState"] = string(text)
		}
	}
}

// give exports, all or nothing.
func (k *Kibana) give(w http.ResponseWriter, r *http.Request, space string) {
	var asked struct {
		Objects              []struct{ Type, ID string }
		ExcludeExportDetails bool
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || !asked.ExcludeExportDetails {
		refuse(w, http.StatusBadRequest, "[request body]: not as expected", nil)
		return
	}
	var lines bytes.Buffer
	out := json.NewEncoder(&lines)
	var missing []any
	for _, o := range asked.Objects {
		s, ok := k.objects[o.Type+":"+o.ID]
		if !ok || s.space != space {
			missing = append(missing, map[string]any{"id": o.ID, "type": o.Type, "error": map[string]any{"statusCode": 404, "error": "Not Found"}})
			continue
		}
		_ = out.Encode(s.object) // It comes from JSON.
	}
	if len(missing) > 0 {
		refuse(w, http.StatusBadRequest, "Error fetching objects to export", map[string]any{"objects": missing})
		return
	}
	w.Header().Set("Content-Type", "application/ndjson")
	_, _ = w.Write(lines.Bytes()) // The client may be gone.
}
