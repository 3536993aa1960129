package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// report is what tailrace status says, as far as lines are concerned.
type report struct {
	Live      bool
	Exporters []struct {
		Name      string
		Pending   int `json:"pending_lines"`
		Delivered int `json:"delivered_lines"`
		Dead      int `json:"dead_lines"`
		Lost      int `json:"lost_lines"`
	}
	Files []struct {
		Path                          string
		Offset, Size                  int
		Lines                         int
		InDocs                        int `json:"lines_in_docs"`
		Dropped                       int `json:"lines_dropped"`
		Lost                          int `json:"bytes_lost"`
		Namespace, Pod, State, Format string
	}
}

func statusOf(t *testing.T, config string, args ...string) report {
	t.Helper()
	out, code := testkit.Output(t, testkit.Agent(t), append([]string{"status", "-o", "json", "--config", config}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		t.Fatalf("tailrace status: %v, status %d\n%.2000s", err, code, out)
	}
	return r
}

// isLive checks whether a running agent made the report.
func (r report) isLive(t *testing.T, want bool) report {
	t.Helper()
	if r.Live != want {
		t.Errorf("live is %t", r.Live)
	}
	return r
}

// checkStatus compares what tailrace status says of each pod's files, and of
// each exporter, with the oracle's count.
func (l ledger) checkStatus(t *testing.T, account *oracle.Account, r report) {
	t.Helper()
	pods := map[string]oracle.Totals{}
	for _, e := range account.Entries {
		number, _, _ := strings.Cut(strings.TrimPrefix(e.Stream, "c"), ".")
		total := pods["web-"+number]
		total.Add(e)
		pods["web-"+number] = total
	}
	for pod, total := range pods {
		want := [4]int{total.Lines, total.Lines - total.Dropped, total.Dropped, 0}
		var got [4]int
		for _, f := range r.Files {
			if f.Pod == pod {
				got = [4]int{got[0] + f.Lines, got[1] + f.InDocs, got[2] + f.Dropped, got[3] + f.Lost}
			}
		}
		if got != want {
			t.Errorf("status of %s: lines, in documents, dropped, lost are %v, the oracle counts %v", pod, got, want)
		}
	}
	for _, e := range r.Exporters {
		want := l.exporters[e.Name]
		if got := (outcome{e.Delivered, e.Pending, e.Dead}); got != want || e.Lost != 0 {
			t.Errorf("status of %s: %+v and %d lost, the oracle counts %+v", e.Name, got, e.Lost, want)
		}
	}
	if len(r.Exporters) != len(l.exporters) {
		t.Errorf("status knows %d exporters", len(r.Exporters))
	}
}
