package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestFiguresAreSummedOverTheirLabels(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "# HELP a_total Help.\n# TYPE a_total counter\n"+
			`a_total{namespace="shop",kind="x"} 3`+"\n"+`a_total{namespace="bank",kind="x"} 4`+"\nb 1e3\n")
	}))
	defer server.Close()
	f, err := scrape(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		labels []string
		want   int
	}{
		{"a_total", nil, 7},
		{"a_total", []string{`namespace="shop"`}, 3},
		{"a_total", []string{`kind="x"`, `namespace="bank"`}, 4},
		{"b", nil, 1000},
		{"a_total", []string{`kind="y"`}, Missing},
	} {
		if got := f.Sum(c.name, c.labels...); got != c.want {
			t.Errorf("%s %v: %d, wanted %d", c.name, c.labels, got, c.want)
		}
	}
}
