package kibana

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tailrace/tailrace/internal/managed"
)

// Change is an object and what Kibana has in its place.
type Change struct {
	Object *Object
	State  managed.State
	// Diff is from what is there to what is wanted.
	Diff string
}

// Plan is what a space of Kibana's needs.
type Plan struct {
	Changes []Change
	space   *space
}

// NewPlan is the plan for a Kibana that has nothing yet.
func NewPlan(objects []*Object) *Plan {
	p := &Plan{}
	for _, o := range objects {
		p.Changes = append(p.Changes, Change{Object: o, State: managed.Missing})
	}
	return p
}

// Look compares a space, by its id, with what is wanted there. It changes
// nothing.
func Look(ctx context.Context, s Server, spaceID string, objects []*Object) (*Plan, error) {
	p := NewPlan(objects)
	p.space = &space{s, spaceID}
	there, err := p.space.read(ctx, names(objects))
	if err != nil {
		return nil, err
	}
	for i, o := range objects {
		if is, ok := there[o.name()]; ok {
			p.Changes[i] = compare(o, is)
		}
	}
	return p, nil
}

func names(objects []*Object) (all []name) {
	for _, o := range objects {
		all = append(all, o.name())
	}
	return all
}

func compare(o, there *Object) Change {
	is, marks := there.content()
	wanted, _ := o.content()
	found := managed.Found{Marks: marks, Sum: short(is), Serves: has(is, wanted)}
	c := Change{Object: o, State: found.Compare(short(wanted), Version)}
	if c.State != managed.Same {
		c.Diff = managed.Diff(managed.Text(is), managed.Text(wanted))
	}
	return c
}

// has says whether all that is wanted is there: Kibana adds members to what it
// is given, with their defaults.
func has(is, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		m, ok := is.(map[string]any)
		for name, v := range wanted {
			ok = ok && has(m[name], v)
		}
		return ok
	case []any:
		list, ok := is.([]any)
		return ok && slices.EqualFunc(list, wanted, has)
	}
	return is == wanted
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

// Apply makes the changes of a plan that Look made. What somebody has changed is
// replaced with consent, and stays without it. It returns what it wrote.
func (p *Plan) Apply(ctx context.Context, consent bool) (written []Change, err error) {
	var objects []*Object
	for _, c := range p.Changes {
		if c.State.Written(consent) {
			written, objects = append(written, c), append(objects, c.Object)
		}
	}
	if len(objects) == 0 {
		return nil, nil
	}
	return written, p.space.replace(ctx, objects)
}

// replace writes objects. Kibana brings them to the form of its version, which
// may add members. So that this is not taken for somebody's doing later, what it
// made of them is read, and noted in their marks where it is not what was sent.
func (s *space) replace(ctx context.Context, objects []*Object) error {
	kept := map[name]string{}
	for _, o := range objects {
		kept[o.name()] = o.sum()
	}
	if err := s.writeMarked(ctx, objects, kept); err != nil {
		return err
	}
	there, err := s.read(ctx, names(objects))
	if err != nil {
		return fmt.Errorf("what was written cannot be read again: %w", err)
	}
	unlike := slices.DeleteFunc(slices.Clone(objects), func(o *Object) bool {
		is, ok := there[o.name()]
		return !ok || is.sum() == kept[o.name()]
	})
	if len(unlike) == 0 {
		return nil
	}
	maps.Copy(kept, sums(there))
	return s.writeMarked(ctx, unlike, kept)
}

func (s *space) writeMarked(ctx context.Context, objects []*Object, kept map[name]string) error {
	var marked []*Object
	for _, o := range objects {
		marked = append(marked, o.marked(kept[o.name()]))
	}
	return s.write(ctx, marked)
}

func sums(objects map[name]*Object) map[name]string {
	all := map[name]string{}
	for n, o := range objects {
		all[n] = o.sum()
	}
	return all
}
