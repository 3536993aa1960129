package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/doctor"
)

// Examine looks at a cluster as the agent finds it, with the agent's own
// credentials. It writes one document and deletes it.
func Examine(ctx context.Context, s Server, o Options, now func() time.Time) []doctor.Finding {
	reach, ok := reachable(ctx, s, now)
	if !ok {
		return reach
	}
	all := append(reach, privileges(ctx, s, &o)...)
	all = append(all, served(ctx, s, &o))
	return append(all, written(ctx, s, &o, now))
}

func found(check string, state doctor.State, says, cure string) doctor.Finding {
	return doctor.Finding{Check: check, State: state, Says: says, Cure: cure}
}

// reachable asks the cheapest thing that every user may know.
func reachable(ctx context.Context, s Server, now func() time.Time) (all []doctor.Finding, ok bool) {
	asked := now()
	status, header, answer, err := s.Do(ctx, http.MethodGet, "/_security/_authenticate", nil)
	took := now().Sub(asked)
	if err != nil {
		return []doctor.Finding{doctor.Unreachable("cluster", err)}, false
	}
	if header.Get("X-Elastic-Product") != "Elasticsearch" {
		return []doctor.Finding{found("cluster", doctor.Wrong, fmt.Sprintf("what answers with status %d does not say that it is Elasticsearch", status),
			"check endpoints: a proxy or another product answers there, or the credentials are refused before Elasticsearch")}, false
	}
	if status == http.StatusUnauthorized {
		return []doctor.Finding{found("cluster", doctor.Wrong, "it refuses the credentials: "+reason(answer),
			"correct api_key or user and password; tailrace setup elasticsearch makes a key")}, false
	}
	all = append(all, found("cluster", doctor.OK, fmt.Sprintf("it answers in %s", took.Round(time.Millisecond)), ""))
	theirs := timeOf(ctx, s, header)
	return append(all, versionOf(ctx, s), clock(theirs, asked, now())), true
}

// timeOf is the cluster's time: that of a node's statistics, or of the Date
// header, which Elasticsearch itself does not send and proxies do. It is zero
// when it cannot be known.
func timeOf(ctx context.Context, s Server, h http.Header) time.Time {
	var stats struct {
		Nodes map[string]struct{ Timestamp int64 }
	}
	if call(ctx, s, http.MethodGet, "/_nodes/_local/stats/os?filter_path=nodes.*.timestamp", nil, &stats) == nil {
		for _, n := range stats.Nodes {
			return time.UnixMilli(n.Timestamp)
		}
	}
	// Without the header it is the zero time.
	at, _ := http.ParseTime(h.Get("Date"))
	return at
}

// oldest is the version that the templates and documents are made for.
const oldestMajor, oldestMinor = 8, 13

func versionOf(ctx context.Context, s Server) doctor.Finding {
	f, err := FeaturesOf(ctx, s)
	if r, ok := errors.AsType[*Refusal](err); ok && r.forbids() {
		return found("version", doctor.OK, "not told: these credentials do not have the cluster privilege monitor, and need not", "")
	}
	switch {
	case err != nil:
		return doctor.Failed("version", err, "run it again")
	case !f.AtLeast(oldestMajor, oldestMinor):
		return found("version", doctor.Wrong, f.Version, "update to 8.13 or later: older ones have no passthrough fields")
	}
	return found("version", doctor.OK, f.Version, "")
}

// skew is how far clocks may be apart: index names and lifecycles count in
// hours, and the rule for repetitions around a rollover has a margin of ten
// minutes.
const skew = time.Minute

// clock compares the cluster's time, which may be cut to a second, with the
// time between asking and answering.
func clock(theirs, asked, answered time.Time) doctor.Finding {
	if theirs.IsZero() {
		return found("clocks", doctor.OK, "not compared: Elasticsearch tells its time only to those with the cluster privilege monitor", "")
	}
	off := time.Duration(0)
	switch {
	case theirs.Before(asked.Add(-time.Second)):
		off = theirs.Sub(asked)
	case theirs.After(answered.Add(time.Second)):
		off = theirs.Sub(answered)
	}
	if off.Abs() > skew {
		return found("clocks", doctor.Wrong, fmt.Sprintf("that of the cluster is %s from this node's", off.Round(time.Second)), "run a time service such as chrony on both")
	}
	return found("clocks", doctor.OK, "those of the cluster and this node agree", "")
}

// privileges compares what the credentials may with what the agent needs.
func privileges(ctx context.Context, s Server, o *Options) []doctor.Finding {
	const check = "privileges"
	var answer struct {
		Index map[string]map[string]bool
	}
	body := map[string]any{"index": []any{map[string]any{"names": list(o.Patterns()), "privileges": list(Privileges)}}}
	err := call(ctx, s, http.MethodPost, "/_security/user/_has_privileges", body, &answer)
	if r, ok := errors.AsType[*Refusal](err); ok && r.unknown() {
		return []doctor.Finding{found(check, doctor.Warning, "security is off in this cluster: anybody may read and change it", "turn on xpack.security")}
	}
	if err != nil {
		return []doctor.Finding{doctor.Failed(check, err, "tailrace setup elasticsearch makes a role and an API key that suffice")}
	}
	var all []doctor.Finding
	for _, pattern := range o.Patterns() {
		all = append(all, lacking(pattern, answer.Index[pattern]))
	}
	return all
}

// lacking says which privileges are not there, and what that means.
func lacking(pattern string, has map[string]bool) doctor.Finding {
	var must, should []string
	for _, p := range Privileges {
		switch {
		case has[p]:
		case p == "auto_configure" || p == "create_doc":
			must = append(must, p)
		default:
			should = append(should, p)
		}
	}
	const check, cure = "privileges", "tailrace setup elasticsearch makes a role and an API key that have them"
	switch {
	case len(must) > 0:
		return found(check, doctor.Wrong, fmt.Sprintf("on %s, %s are missing: nothing can be stored", pattern, strings.Join(append(must, should...), ", ")), cure)
	case len(should) > 0:
		return found(check, doctor.Warning, fmt.Sprintf("on %s, %s are missing: what is sent again after a rollover may be there twice", pattern, strings.Join(should, ", ")), cure)
	}
	return found(check, doctor.OK, fmt.Sprintf("on %s, all that are needed", pattern), "")
}

// simulated is what a new stream would get.
type simulated struct {
	Template *struct {
		Settings struct {
			Index struct {
				Mapping struct {
					TotalFields struct {
						Beyond string `json:"ignore_dynamic_beyond_limit"`
					} `json:"total_fields"`
				}
			}
		}
		Mappings struct {
			Properties map[string]struct{ Type string }
		}
	}
	Overlapping []struct {
		Name     string
		Patterns []string `json:"index_patterns"`
	}
}

// served says what a new data stream of the agent's would be made with.
func served(ctx context.Context, s Server, o *Options) doctor.Finding {
	const check = "templates"
	const cure = "tailrace setup elasticsearch --templates makes ones that serve"
	var sim simulated
	err := call(ctx, s, http.MethodPost, "/_index_template/_simulate_index/"+o.Sample(), nil, &sim)
	if r, ok := errors.AsType[*Refusal](err); ok && r.forbids() {
		return found(check, doctor.OK, "not looked at: these credentials do not have the cluster privilege manage_index_templates, and need not; run it as an administrator to know", "")
	}
	switch {
	case err != nil:
		return doctor.Failed(check, err, cure)
	case sim.Template == nil:
		return found(check, doctor.Wrong, "none matches "+o.Sample()+": it would become an index and no data stream", cure)
	case o.Mapping == "otel" && sim.Template.Mappings.Properties["attributes"].Type != "passthrough":
		return found(check, doctor.Wrong, "the one that matches "+o.Sample()+" does not map attributes as passthrough: documents may be refused"+overlapping(&sim), cure)
	case sim.Template.Settings.Index.Mapping.TotalFields.Beyond != "true":
		return found(check, doctor.Warning, "the one that matches "+o.Sample()+" refuses documents beyond its limit of fields"+overlapping(&sim), cure)
	}
	return found(check, doctor.OK, "the one that matches "+o.Sample()+" serves"+overlapping(&sim), "")
}

// overlapping names templates that match too and have a lower priority.
func overlapping(sim *simulated) string {
	var names []string
	for _, t := range sim.Overlapping {
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return ""
	}
	return "; it hides " + strings.Join(names, ", ")
}
