package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// layers are the module's packages and what each may import. Arrows point one
// way: leaves know events and frames, components know leaves, only package
// pipeline knows components.
var layers = Layers{
	May: map[string][]string{
		"pipeline/event":         {},
		"pipeline/frame":         {"pipeline/event", "pipeline/frame/deflate"},
		"pipeline/ecs":           {},
		"pipeline/encode":        {"pipeline/event", "pipeline/frame", "pipeline/ecs"},
		"pipeline/lineformat":    {},
		"pipeline/config":        {"pipeline/lineformat"},
		"pipeline/journal":       {"pipeline/event", "pipeline/frame", "internal/slot", "internal/vfs"},
		"pipeline/journal/*":     {"pipeline/frame", "pipeline/journal"},
		"pipeline/shipping":      {"pipeline/event", "pipeline/frame", "pipeline/journal"},
		"pipeline/frame/deflate": {},
		"pipeline/message":       {"pipeline/frame"},
		"internal/vfs":           {},
		"internal/vfs/*":         {"internal/vfs"},
		"internal/slot":          {"internal/vfs"},
		"internal/cgroup":        {},
		"internal/podlogs":       {},
		"internal/owner":         {"internal/slot", "internal/vfs"},
		"internal/checkpoint":    {"pipeline/event", "pipeline/frame", "internal/slot", "internal/vfs"},
		"internal/render":        {"pipeline/ecs"},
		"internal/strictjson":    {},
		"internal/terminal":      {},
		"internal/control":       {},
		"internal/telemetry":     {"internal/terminal"},
		"internal/demo":          {},
		"internal/status":        {"internal/render"},
		"internal/doctor":        {"internal/render"},
		"internal/managed":       {},
		"internal/cluster":       {"internal/doctor", "internal/managed"},
		"internal/kibana":        {"internal/managed"},
		"internal/configtls":     {},
		"internal/amqpconn":      {"internal/configtls", "pipeline/config"},

		"internal/searchflags": {"internal/search", "internal/render", "internal/terminal"},
		"internal/turn":        {"internal/vfs"},
		"internal/nodestream":  {"internal/search"},
		"internal/gather":      {"internal/nodestream", "internal/search", "internal/render"},
		"internal/agents":      {},

		"internal/servicemanager": {},
		"deploy/image":            {},

		"internal/tail":   {"pipeline/event", "pipeline/frame", "internal/checkpoint", "internal/tail/*"},
		"internal/tail/*": {"pipeline/event", "internal/strictjson", "internal/tail/rfc3339"},
		"internal/search": {"pipeline/event", "pipeline/frame", "pipeline/journal", "pipeline/config", "pipeline/ecs", "internal/vfs", "internal/render"},

		"receivers/*":        {"pipeline/event", "internal/tail", "internal/tail/confine", "internal/podlogs"},
		"receivers/rabbitmq": {"pipeline/event", "pipeline/frame", "pipeline/message", "pipeline/config", "internal/amqpconn"},
		"processors/*":       {"pipeline/event", "pipeline/lineformat", "internal/podlogs", "internal/strictjson", "internal/vfs"},
		"exporters/*":        {"pipeline/event", "pipeline/frame", "pipeline/shipping", "pipeline/config", "internal/configtls", "internal/render", "internal/terminal"},
		"exporters/rabbitmq": {"pipeline/frame", "pipeline/message", "pipeline/shipping", "pipeline/config", "internal/amqpconn"},

		"pipeline": {"pipeline/*", "pipeline/journal/*", "internal/vfs", "internal/owner", "internal/checkpoint", "internal/control", "internal/tail", "internal/telemetry", "internal/status",
			"receivers/*", "processors/*", "exporters/*"},
		"cmd/kubectl-tailrace": {"internal/agents", "internal/gather", "internal/render", "internal/search", "internal/searchflags", "internal/status", "internal/terminal"},
		"cmd/tailrace":         {"pipeline", "pipeline/*", "internal/*", "internal/tail/*", "receivers/*", "processors/*", "exporters/*"},
	},
	Free: []string{"bench", "test", "internal/testkit", "internal/lint"},
}

// lineLimit is the length at which a file is split; longFiles have a reason
// not to be.
const lineLimit = 400

var longFiles = map[string]string{}

// globalsAllowed are files that may use what NoGlobals reports, with the reason.
var globalsAllowed = map[string]string{}

// checkedDocs are the pages whose test names, file names and links must hold.
var checkedDocs = []string{"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/reliability.md", "docs/runbooks/alerts.md", "deploy/helm/tailrace/README.md"}

func TestRepositoryKeepsItsRules(t *testing.T) {
	repo := load(t, root)
	for name, found := range map[string][]Violation{
		"imports":    repo.Imports(layers),
		"init":       repo.NoInit(),
		"names":      repo.VagueNames(),
		"length":     repo.LongFiles(lineLimit, longFiles),
		"globals":    repo.NoGlobals(globalsAllowed),
		"comments":   repo.Undocumented(),
		"leftovers":  repo.Leftovers(),
		"exceptions": staleExceptions(),
	} {
		for _, v := range found {
			t.Errorf("%s: %s", name, v)
		}
	}
}

func TestDocsNameWhatExists(t *testing.T) {
	repo := load(t, root)
	for _, doc := range checkedDocs {
		found, err := repo.StaleDocs(root, doc)
		if err != nil {
			t.Error(err)
		}
		for _, v := range found {
			t.Error(v)
		}
	}
}

// faults are the numbers of the catalogue that docs/reliability.md answers for:
// processes, files, state and disk, Elasticsearch, and those of hostile
// neighbours.
func faults() []int {
	var numbers []int
	for n := 1; n <= 38; n++ {
		numbers = append(numbers, n)
	}
	for n := 52; n <= 60; n++ {
		numbers = append(numbers, n)
	}
	return append(numbers, 66, 67, 68, 69)
}

func TestEveryFaultHasATestOrAReason(t *testing.T) {
	found, err := FaultTable(root, "docs/reliability.md", faults())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}

// staleExceptions reports exceptions for files that are gone or short again.
func staleExceptions() []Violation {
	var found []Violation
	for _, list := range []map[string]string{longFiles, globalsAllowed} {
		for name := range list {
			if !exists(root, name) {
				found = append(found, Violation{name, "has an exception in internal/lint but does not exist"})
			}
		}
	}
	return found
}

// TestRulesCanFail runs each rule over a tree that breaks it. The comments
// "// want: …" in the trees say which problems must be found where, and
// nothing else may be.
func TestRulesCanFail(t *testing.T) {
	small := Layers{
		May: map[string][]string{
			"leaf": {}, "pipeline": {"leaf", "exporters/*"},
			"exporters/*": {"leaf"},
		},
		Free: []string{"bench"},
	}
	rules := map[string]func(*Repo, string) ([]Violation, error){
		"imports": func(r *Repo, _ string) ([]Violation, error) { return r.Imports(small), nil },
		"init":    func(r *Repo, _ string) ([]Violation, error) { return r.NoInit(), nil },
		"names":   func(r *Repo, _ string) ([]Violation, error) { return r.VagueNames(), nil },
		"length": func(r *Repo, _ string) ([]Violation, error) {
			return r.LongFiles(5, map[string]string{"long/excused.go": "x"}), nil
		},
		"globals": func(r *Repo, _ string) ([]Violation, error) {
			return r.NoGlobals(map[string]string{"own/excused.go": "x"}), nil
		},
		"comments":  func(r *Repo, _ string) ([]Violation, error) { return r.Undocumented(), nil },
		"leftovers": func(r *Repo, _ string) ([]Violation, error) { return r.Leftovers(), nil },
		"docs":      func(r *Repo, root string) ([]Violation, error) { return r.StaleDocs(root, "doc.md") },
		"faults": func(_ *Repo, root string) ([]Violation, error) {
			return FaultTable(root, "doc.md", []int{1, 2, 3, 4, 5, 6})
		},
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			found, err := rule(load(t, dir), dir)
			if err != nil {
				t.Fatal(err)
			}
			want := expectations(t, filepath.Join(dir, "want"))
			for _, v := range found {
				if !takes(want, v.String()) {
					t.Errorf("unexpected: %s", v)
				}
			}
			for w := range want {
				t.Errorf("not found: %s", w)
			}
		})
	}
}

// takes removes the expectation that begins the report.
func takes(want map[string]bool, report string) bool {
	for w := range want {
		if strings.HasPrefix(report, w) {
			delete(want, w)
			return true
		}
	}
	return false
}

func expectations(t *testing.T, name string) map[string]bool {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" {
			want[line] = true
		}
	}
	if len(want) == 0 {
		t.Fatalf("%s expects nothing: a rule that cannot fail proves nothing", name)
	}
	return want
}

func load(t *testing.T, root string) *Repo {
	t.Helper()
	r, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) == 0 {
		t.Fatalf("no Go files below %s", root)
	}
	return r
}
