package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tailrace/tailrace/internal/doctor"
)

// Reach looks only at whether an exporter's requests would come to something:
// whether the server answers, is Elasticsearch or OpenSearch, takes the
// credentials and has the ingest pipeline, and whether clocks agree. It changes
// nothing.
func Reach(ctx context.Context, s Server, pipeline string, now func() time.Time) []doctor.Finding {
	asked := now()
	status, header, answer, err := s.Do(ctx, http.MethodGet, "/", nil)
	answered := now()
	if err != nil {
		return []doctor.Finding{doctor.Unreachable("cluster", err)}
	}
	f := answers(status, header, answer)
	if f.State == doctor.OK {
		f.Says += fmt.Sprintf(" in %s", answered.Sub(asked).Round(time.Millisecond))
	}
	all := []doctor.Finding{f}
	if f.State == doctor.Wrong {
		return all
	}
	if theirs := timeOf(ctx, s, header); !theirs.IsZero() {
		all = append(all, clock(theirs, asked, now()))
	}
	if pipeline != "" {
		all = append(all, ingest(ctx, s, pipeline))
	}
	return all
}

// answers says what the root of a server tells. Credentials that may not see it
// can be good all the same.
func answers(status int, header http.Header, answer []byte) doctor.Finding {
	const check = "cluster"
	var root struct {
		Version struct{ Number, Distribution string }
	}
	// What answers may be no JSON at all.
	_ = json.Unmarshal(answer, &root)
	elastic, open := header.Get("X-Elastic-Product") == "Elasticsearch", root.Version.Distribution == "opensearch"
	switch {
	case status == http.StatusUnauthorized:
		return found(check, doctor.Wrong, "it refuses the credentials: "+reason(answer),
			"correct api_key, bearer_token or user and password; tailrace setup elasticsearch makes a key")
	case status >= http.StatusInternalServerError:
		return found(check, doctor.Wrong, fmt.Sprintf("it answers with status %d: %s", status, reason(answer)), "look at the server, or at the proxy before it")
	case !elastic && !open && status == http.StatusForbidden:
		return found(check, doctor.Warning, "it forbids to ask what it is: "+reason(answer), "none if the agent delivers; else check what is between")
	case !elastic && !open:
		return found(check, doctor.Wrong, fmt.Sprintf("what answers with status %d does not say that it is Elasticsearch or OpenSearch", status),
			"check endpoints: a proxy or another product answers there")
	case open:
		return found(check, doctor.OK, "OpenSearch "+root.Version.Number+" answers", "")
	case root.Version.Number != "":
		return found(check, doctor.OK, "Elasticsearch "+root.Version.Number+" answers", "")
	}
	return found(check, doctor.OK, "Elasticsearch answers", "")
}

// ingest looks for the pipeline that documents are to run through: without it
// delivery waits.
func ingest(ctx context.Context, s Server, name string) doctor.Finding {
	const check = "pipeline"
	err := call(ctx, s, http.MethodGet, "/_ingest/pipeline/"+url.PathEscape(name), nil, nil)
	refusal, refused := errors.AsType[*Refusal](err)
	switch {
	case err == nil:
		return found(check, doctor.OK, "it has the ingest pipeline "+name, "")
	case refused && refusal.Status == http.StatusNotFound:
		return found(check, doctor.Wrong, "it has no ingest pipeline "+name+": delivery waits until there is one",
			"create it (PUT _ingest/pipeline/"+name+"), or take pipeline out of the exporter's configuration")
	case refused && refusal.forbids():
		return found(check, doctor.OK, "whether it has the ingest pipeline "+name+" is not known: these credentials do not have the cluster privilege read_pipeline, and need not", "")
	}
	return doctor.Failed(check, err, "run it again")
}
