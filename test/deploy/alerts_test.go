package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	rulesFile = "deploy/alerts/tailrace.rules.yaml"
	rulesTest = "deploy/alerts/tailrace.test.yaml"
	runbook   = "docs/runbooks/alerts.md"
)

type alert struct {
	Alert, Expr, For    string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var rules struct {
		Groups []struct{ Rules []alert }
	}
	if err := yaml.Unmarshal(file(t, rulesFile), &rules); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range rules.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no alerts", rulesFile)
	}
	return all
}

// servedMetrics are those of docs/metrics.md, as series are called, and the few
// that others make.
func servedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	served := map[string]bool{
		"up": true, "ALERTS": true, "tailrace_build_info": true,
		"process_cpu_seconds_total": true, "process_resident_memory_bytes": true,
	}
	rows := regexp.MustCompile("(?m)^\\| `(tailrace_\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(string(file(t, "docs/metrics.md")), -1)
	for _, row := range rows {
		served[row[1]] = true
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			served[row[1]+part] = row[2] == "histogram"
		}
	}
	return served
}

var (
	metricName  = regexp.MustCompile(`\b(up|ALERTS|(?:tailrace|process)_\w+)\b`)
	labelValues = regexp.MustCompile(`"[^"]*"`)
)

// unknown are the metrics in an expression that nobody serves.
func unknown(served map[string]bool, expr string) (names []string) {
	for _, name := range metricName.FindAllString(labelValues.ReplaceAllString(expr, `""`), -1) {
		if !served[name] {
			names = append(names, name)
		}
	}
	return names
}

func TestAlertsUseMetricsThatThereAre(t *testing.T) {
	served := servedMetrics(t)
	if len(unknown(served, "tailrace_no_such_metric > 0")) != 1 {
		t.Fatal("a metric that does not exist is not noticed")
	}
	for _, a := range alerts(t) {
		if names := unknown(served, a.Expr); names != nil {
			t.Errorf("%s asks for metrics that docs/metrics.md does not have: %s", a.Alert, strings.Join(names, ", "))
		}
	}
}

// TestEachAlertHasARunbookAndATest holds the three files together.
func TestEachAlertHasARunbookAndATest(t *testing.T) {
	sections, tested := titles(file(t, runbook)), string(file(t, rulesTest))
	var names []string
	for _, a := range alerts(t) {
		names = append(names, a.Alert)
		if !slices.Contains(sections, a.Alert) {
			t.Errorf("%s has no section in %s", a.Alert, runbook)
		}
		if url := a.Annotations["runbook_url"]; !strings.HasSuffix(url, "/"+runbook+"#"+strings.ToLower(a.Alert)) {
			t.Errorf("%s does not lead to its section: %q", a.Alert, url)
		}
		if !strings.Contains(tested, fmt.Sprintf("alertname=%q", a.Alert)) {
			t.Errorf("no test in %s shows that %s fires", rulesTest, a.Alert)
		}
		if s := a.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has severity %q", a.Alert, s)
		}
	}
	for _, title := range sections {
		if !slices.Contains(names, title) {
			t.Errorf("%s has a section %s and no such alert exists", runbook, title)
		}
	}
}

func titles(markdown []byte) (all []string) {
	for line := range bytes.Lines(markdown) {
		if title, ok := bytes.CutPrefix(line, []byte("## ")); ok {
			all = append(all, string(bytes.TrimSpace(title)))
		}
	}
	return all
}

// TestAlertsFireWhenTheyShouldAndOnlyThen has Prometheus' own tool read the
// rules and run their tests.
func TestAlertsFireWhenTheyShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	needsTools(t)
	promtool := installed(t, "promtool")
	run(t, promtool, "check", "rules", rulesFile)
	run(t, promtool, "test", "rules", rulesTest)
}

// TestAlertsForTheOperatorAreTheSame holds the PrometheusRule, and the chart's
// copy of the rules, to the rules.
func TestAlertsForTheOperatorAreTheSame(t *testing.T) {
	rules := file(t, rulesFile)
	_, groups, found := bytes.Cut(rules, []byte("\ngroups:\n"))
	if !found {
		t.Fatalf("%s has no groups", rulesFile)
	}
	var b bytes.Buffer
	b.WriteString("# Generated from tailrace.rules.yaml by go test ./test/deploy -run Alerts -update; do not edit.\n" +
		"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: tailrace\n  labels: {app.kubernetes.io/name: tailrace}\nspec:\n  groups:\n")
	for line := range bytes.Lines(groups) {
		if len(bytes.TrimSpace(line)) > 0 {
			b.WriteString("  ")
		}
		b.Write(line)
	}
	generated(t, "deploy/alerts/prometheusrule.yaml", b.Bytes())
	generated(t, "deploy/helm/tailrace/files/tailrace.rules.yaml", rules)
}

const dashboard = "deploy/grafana/tailrace.json"

// queries are the expressions of the dashboard by their panels' titles.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Annotations struct{ List []struct{ Name, Expr string } }
	}
	if err := json.Unmarshal(file(t, dashboard), &d); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], target.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		all["annotation "+a.Name] = []string{a.Expr}
	}
	for _, v := range d.Templating.List {
		if strings.Contains(v.Definition, "(") {
			_, series, _ := strings.Cut(v.Definition, "(")
			all["variable "+v.Name] = []string{series[:strings.LastIndex(series, ",")]}
		}
	}
	return all
}

func TestDashboardUsesMetricsThatThereAre(t *testing.T) {
	served := servedMetrics(t)
	for panel, exprs := range queries(t) {
		for _, expr := range exprs {
			if names := unknown(served, expr); names != nil {
				t.Errorf("%q asks for metrics that docs/metrics.md does not have: %s", panel, strings.Join(names, ", "))
			}
		}
	}
}

// TestDashboardAsksInPromQL has promtool read each query, as a recording rule.
func TestDashboardAsksInPromQL(t *testing.T) {
	t.Parallel()
	needsTools(t)
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	durations := strings.NewReplacer("$__rate_interval", "5m", "$__range", "3h")
	for _, exprs := range queries(t) {
		for _, expr := range exprs {
			rules = append(rules, rule{fmt.Sprintf("panel:%d", len(rules)), durations.Replace(expr)})
		}
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, installed(t, "promtool"), "check", "rules", name)
}
