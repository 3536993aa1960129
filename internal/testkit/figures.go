package testkit

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Figures are an agent's own metrics, by series as Prometheus writes them:
// name{label="value",…}.
type Figures map[string]float64

// Figures asks the rig's agent for its metrics.
func (r *Rig) Figures() (Figures, error) { return FiguresAt(r.Metrics) }

// FiguresAt asks the agent that serves its metrics at an address.
func FiguresAt(address string) (Figures, error) { return scrape("http://" + address + "/metrics") }

// scrape reads the text format (Prometheus, "Exposition formats").
func scrape(url string) (Figures, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	f := Figures{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		series, value, ok := cutLast(lines.Text(), " ")
		if !ok || strings.HasPrefix(series, "#") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", url, lines.Text(), err)
		}
		f[series] = n
	}
	return f, lines.Err()
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Missing is the sum of no series at all.
const Missing = -1

// Sum adds the series of a name that have all the labels, each written
// name="value".
func (f Figures) Sum(name string, labels ...string) int {
	total, found := 0.0, false
	for series, value := range f {
		if f.matches(series, name, labels) {
			total += value
			found = true
		}
	}
	if !found {
		return Missing
	}
	return int(total)
}

func (f Figures) matches(series, name string, labels []string) bool {
	base, inner, _ := strings.Cut(series, "{")
	if base != name {
		return false
	}
	for _, l := range labels {
		if !strings.Contains(","+strings.TrimSuffix(inner, "}")+",", ","+l+",") {
			return false
		}
	}
	return true
}
