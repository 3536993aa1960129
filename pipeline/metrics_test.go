package pipeline

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/metrics.md anew")

const metricsPage = "../docs/metrics.md"

// TestMetricsPage holds docs/metrics.md to metrics.go.
func TestMetricsPage(t *testing.T) {
	page := metricsMarkdown(t)
	if *update {
		if err := os.WriteFile(metricsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, page) {
		t.Errorf("%s is not what metrics.go says: go test ./pipeline -run MetricsPage -update", metricsPage)
	}
}

const metricsPreface = `# Metrics

Generated from the program by ` + "`go test ./pipeline -run MetricsPage -update`" + `; do not edit.

The agent serves these at ` + "`/metrics`" + ` of ` + "`service.telemetry.metrics.address`" + `, in the Prometheus text
format, beside those of every Go process and ` + "`tailrace_build_info`" + `. Records are counted in lines of
the files. Figures of the ledger survive kill -9; those "since the start" do not.
`

// metricsSections part the metrics by the beginning of their names.
var metricsSections = []struct{ prefix, title string }{
	{"tailrace_receiver_", "Reading"},
	{"tailrace_processor_", "Processing"},
	{"tailrace_exporter_", "Delivery"},
	{"tailrace_journal_", "Journal"},
	{"tailrace_", "Agent"},
}

func metricsMarkdown(t *testing.T) []byte {
	rows := map[string][]string{}
	for _, m := range declaredMetrics(t) {
		for _, s := range metricsSections {
			if strings.HasPrefix(m.args[0], s.prefix) {
				rows[s.prefix] = append(rows[s.prefix], m.row())
				break
			}
		}
	}
	var b bytes.Buffer
	b.WriteString(metricsPreface)
	for _, s := range metricsSections {
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n%s", s.title, strings.Join(rows[s.prefix], ""))
	}
	return b.Bytes()
}

// declared is a call of telemetry.Counter, Gauge or Histogram: name, help and
// labels.
type declared struct {
	kind string
	args []string
}

func (d declared) row() string {
	labels := ""
	if len(d.args) > 2 {
		labels = "`" + strings.Join(d.args[2:], "`, `") + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", d.args[0], strings.ToLower(d.kind), labels, d.args[1])
}

func declaredMetrics(t *testing.T) (all []declared) {
	f, err := parser.ParseFile(token.NewFileSet(), "metrics.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fn, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || fmt.Sprint(fn.X) != "telemetry" {
			return true
		}
		d := declared{kind: fn.Sel.Name}
		for _, arg := range call.Args {
			d.args = append(d.args, constant(t, arg))
		}
		all = append(all, d)
		return true
	})
	return all
}

// constant is the string that an argument stands for.
func constant(t *testing.T, arg ast.Expr) string {
	switch arg := arg.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(arg.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.Ident:
		return constant(t, arg.Obj.Decl.(*ast.ValueSpec).Values[0])
	}
	t.Fatalf("%T is no constant", arg)
	return ""
}
