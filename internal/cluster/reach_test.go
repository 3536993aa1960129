package cluster

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/doctor"
)

// Each way in which a server can be of no use to an exporter has its own cure.
func TestWhatAnExporterNeedsOfItsServer(t *testing.T) {
	at := time.Date(2026, 3, 5, 10, 11, 12, 0, time.UTC)
	elastic := http.Header{"X-Elastic-Product": {"Elasticsearch"}}
	dated := func(at time.Time) http.Header {
		return http.Header{"X-Elastic-Product": {"Elasticsearch"}, "Date": {at.Format(http.TimeFormat)}}
	}
	for _, tt := range []struct {
		name       string
		server     scripted
		pipeline   string
		want       doctor.State
		says, cure string
	}{
		{"Elasticsearch", scripted{answers: map[string]string{"GET /": `{"version":{"number":"8.19.8"}}`}}, "", doctor.OK, "Elasticsearch 8.19.8 answers in 0s", ""},
		{"OpenSearch", scripted{header: http.Header{}, answers: map[string]string{"GET /": `{"version":{"number":"3.8.0","distribution":"opensearch"}}`}}, "", doctor.OK, "OpenSearch 3.8.0", ""},
		{"no right to look", scripted{answers: map[string]string{"GET /": forbidden}}, "", doctor.OK, "Elasticsearch answers", ""},
		{"refused credentials", scripted{answers: map[string]string{"GET /": `401 {"error":{"type":"security_exception","reason":"unable to authenticate"}}`}}, "", doctor.Wrong, "unable to authenticate", "api_key"},
		{"a proxy without a backend", scripted{answers: map[string]string{"GET /": `503 no backend`}}, "", doctor.Wrong, "503", "proxy"},
		{"something else", scripted{header: http.Header{}, answers: map[string]string{"GET /": `<html>`}}, "", doctor.Wrong, "does not say that it is Elasticsearch", "endpoints"},
		{"a proxy that forbids", scripted{header: http.Header{}, answers: map[string]string{"GET /": `403 no`}}, "", doctor.Warning, "forbids", "none if the agent delivers"},
		{"no connection", scripted{broken: errors.New("no route")}, "", doctor.Wrong, "no route", "network"},
		{"clocks apart", scripted{header: dated(at.Add(-time.Hour)), answers: map[string]string{"GET /": `{}`}}, "", doctor.Wrong, "1h0m0s from", "chrony"},
		{"clocks agree", scripted{header: dated(at), answers: map[string]string{"GET /": `{}`}}, "", doctor.OK, "agree", ""},
		{"pipeline there", scripted{header: elastic, answers: map[string]string{"GET /": `{}`, "GET /_ingest/pipeline/geo": `{"geo":{}}`}}, "geo", doctor.OK, "has the ingest pipeline geo", ""},
		{"pipeline missing", scripted{header: elastic, answers: map[string]string{"GET /": `{}`}}, "geo", doctor.Wrong, "no ingest pipeline geo: delivery waits", "PUT _ingest/pipeline/geo"},
		{"pipeline not to be seen", scripted{header: elastic, answers: map[string]string{"GET /": `{}`, "GET /_ingest/pipeline/geo": forbidden}}, "geo", doctor.OK, "read_pipeline", ""},
	} {
		all := Reach(t.Context(), &tt.server, tt.pipeline, func() time.Time { return at })
		f := all[len(all)-1]
		if f.State != tt.want || !strings.Contains(f.Says, tt.says) || !strings.Contains(f.Cure, tt.cure) || (f.Cure == "") != (tt.want == doctor.OK) {
			t.Errorf("%s: %+v", tt.name, all)
		}
	}
}
