package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tailrace/tailrace/internal/managed"
)

// Change is a resource and what the cluster has in its place.
type Change struct {
	Resource *Resource
	State    managed.State
	// Diff is from what is there to what is wanted.
	Diff string
}

// Plan is what a cluster needs.
type Plan struct {
	Options  Options
	Features Features
	// ServedBy is the built-in template that serves, if none of the agent's own
	// is wanted.
	ServedBy string
	Changes  []Change
	// Open says that the cluster has security turned off: no role, no key.
	Open bool
	// Key is the valid API key of the agent's name, if there is one.
	Key *Key
}

// Key is an API key as the cluster lists it, without its secret.
type Key struct {
	ID          string                    `json:"id"`
	Descriptors map[string]map[string]any `json:"role_descriptors"`
}

// NewPlan is the plan for a cluster that has nothing yet.
func NewPlan(o Options) *Plan {
	p := &Plan{Options: o, Features: Complete("9.0.0")}
	for _, r := range append(o.templates(&p.Features, nil), o.role()) {
		p.Changes = append(p.Changes, Change{Resource: r, State: managed.Missing})
	}
	return p
}

// Look compares a cluster with what is wanted. It changes nothing.
func Look(ctx context.Context, s Server, o Options) (*Plan, error) {
	f, err := FeaturesOf(ctx, s)
	if err != nil {
		return nil, err
	}
	p := &Plan{Options: o, Features: f}
	if o.ILM && !f.has("x-pack-ilm") {
		return nil, errors.New("this cluster has no index lifecycle management: leave out --ilm for a data stream lifecycle")
	}
	wanted, err := p.templates(ctx, s)
	if err != nil {
		return nil, err
	}
	if p.Open, err = isOpen(ctx, s); err != nil {
		return nil, err
	}
	if !p.Open {
		wanted = append(wanted, o.role())
	}
	for _, r := range wanted {
		c, err := look(ctx, s, r)
		if err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, c)
	}
	if !p.Open && !o.NoKey {
		p.Key, err = findKey(ctx, s, o.Name())
	}
	return p, err
}

// isOpen says whether a cluster has security turned off: then it does not know
// the call.
func isOpen(ctx context.Context, s Server) (bool, error) {
	err := call(ctx, s, http.MethodGet, "/_security/_authenticate", nil, nil)
	if r, ok := errors.AsType[*Refusal](err); ok && r.unknown() {
		return true, nil
	}
	return false, err
}

// builtIn are Elastic's own templates, by the mapping that they serve.
var builtIn = map[string]string{"otel": "logs-otel@template", "ecs": "logs"}

// templates are those that are wanted: none where a built-in one serves, no
// lifecycle was asked for, and none of the agent's own was made before.
func (p *Plan) templates(ctx context.Context, s Server) ([]*Resource, error) {
	o := &p.Options
	b, err := baseOf(ctx, s, builtIn[o.Mapping])
	if err != nil {
		return nil, err
	}
	own, err := get(ctx, s, "/_index_template/"+o.Name())
	if err != nil {
		return nil, err
	}
	if b != nil && own == nil && !o.Templates && o.Retention == "" && !o.ILM {
		p.ServedBy = builtIn[o.Mapping]
		return nil, nil
	}
	return o.templates(&p.Features, b), nil
}

// baseOf is the built-in template, if the cluster has it.
func baseOf(ctx context.Context, s Server, name string) (*base, error) {
	var answer struct {
		Templates []struct {
			Template base `json:"index_template"`
		} `json:"index_templates"`
	}
	err := call(ctx, s, http.MethodGet, "/_index_template/"+name, nil, &answer)
	if isMissing(err) || err == nil && len(answer.Templates) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &answer.Templates[0].Template, nil
}

func isMissing(err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Status == http.StatusNotFound
}

// get is a resource as it is stored, nil when there is none.
func get(ctx context.Context, s Server, path string) (map[string]any, error) {
	var answer map[string]any
	err := call(ctx, s, http.MethodGet, path, nil, &answer)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return unwrap(answer), nil
}

// unwrap takes off what APIs put around the one resource that was asked for.
func unwrap(answer map[string]any) map[string]any {
	for list, one := range map[string]string{"component_templates": "component_template", "index_templates": "index_template"} {
		if all, ok := answer[list].([]any); ok && len(all) > 0 {
			entry, _ := all[0].(map[string]any)
			body, _ := entry[one].(map[string]any)
			return body
		}
	}
	for _, v := range answer {
		// Roles and policies stand under their names.
		body, _ := v.(map[string]any)
		return body
	}
	return nil
}

func look(ctx context.Context, s Server, r *Resource) (Change, error) {
	stored, err := get(ctx, s, r.Path)
	if err != nil || stored == nil {
		return Change{Resource: r, State: managed.Missing}, err
	}
	// A policy has a version and a date of its own, and who uses it, beside it.
	if _, ok := r.Body["policy"]; ok {
		stored = map[string]any{"policy": stored["policy"]}
	}
	return compareWith(r, stored), nil
}

func compareWith(r *Resource, stored map[string]any) Change {
	is, wanted := content(r.Kind, stored), content(r.Kind, r.Body)
	found := managed.Found{Marks: marksOf(r.Kind, stored), Sum: managed.Sum(is), Serves: managed.Sum(is) == managed.Sum(wanted)}
	c := Change{Resource: r, State: found.Compare(managed.Sum(wanted), Version)}
	if c.State != managed.Same {
		c.Diff = managed.Diff(managed.Text(is), managed.Text(wanted))
	}
	return c
}

// NeedConsent is how many changes replace what somebody has changed.
func (p *Plan) NeedConsent() (n int) {
	for _, c := range p.Changes {
		if c.State.NeedsConsent() {
			n++
		}
	}
	return n
}

// Apply makes the changes, in their order: a template refers to what stands
// before it. Done is told of each. What somebody has changed is replaced with
// consent, and stays without it.
func (p *Plan) Apply(ctx context.Context, s Server, consent bool, done func(Change)) error {
	for _, c := range p.Changes {
		if !c.State.Written(consent) {
			continue
		}
		if err := call(ctx, s, http.MethodPut, c.Resource.Path, c.Resource.marked(), nil); err != nil {
			return fmt.Errorf("the %s %s was not written: %w", c.Resource.Kind, c.Resource.Name(), err)
		}
		done(c)
	}
	return nil
}

// Request is a call that changes the cluster.
type Request struct {
	Method, Path string
	Body         map[string]any
}

// Requests are the calls that make everything, the API key too.
func (p *Plan) Requests() (all []Request) {
	for _, c := range p.Changes {
		all = append(all, Request{http.MethodPut, c.Resource.Path, c.Resource.marked()})
	}
	if !p.Options.NoKey {
		all = append(all, Request{http.MethodPost, keyPath, p.Options.key()})
	}
	return all
}
