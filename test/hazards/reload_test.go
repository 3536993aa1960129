package hazards

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// TestTwentyReloadsLoseAndRepeatNothing changes the configuration twenty times
// in a row under load, and tells the agent by SIGHUP. Each one is taken up, each
// line arrives once, and neither goroutines nor descriptors add up.
func TestTwentyReloadsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(43), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "262144")
	n.override("")
	agent := n.start()
	n.arrived(200)
	flush := func(ms int) string { return fmt.Sprintf("service: {journal: {flush: {interval: %dms}}}\n", ms) }
	n.reloaded("applied", 1, flush(60))
	n.reloaded("unchanged", 1, flush(60))
	goroutines, descriptors := n.value("go_goroutines"), n.value("process_open_fds")
	var moments []time.Time
	for i := range 20 {
		moments = append(moments, time.Now())
		n.reloaded("applied", 2+i, flush(80+20*(i%2)))
	}
	n.figure("goroutines do not add up", atMost(goroutines+10), "go_goroutines")
	n.figure("descriptors do not add up", atMost(descriptors+15), "process_open_fds")
	n.arrived(n.sink.Stats().Stored + 200)
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d reloads=21 violations=%d nothing was read for: %v", v.Records, len(v.Violations), n.pauses(moments))
}

// TestAMountedConfigurationIsTakenUpWhenItIsReplaced mounts the configuration as
// the kubelet mounts a ConfigMap, and replaces it under load: by another one, by
// one that is broken, and by the first again. Nobody has to tell the agent, and
// each line arrives once.
func TestAMountedConfigurationIsTakenUpWhenItIsReplaced(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(44), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "262144")
	sound, err := os.ReadFile(n.configs[0])
	if err != nil {
		t.Fatal(err)
	}
	n.mount(string(sound))
	agent := n.start()
	n.arrived(200)
	n.mount(strings.ReplaceAll(string(sound), "flush: {interval: 100ms}", "flush: {interval: 70ms}"))
	n.looked("applied", 1)
	n.mount("exporters: {nonsense: {}}\n")
	n.looked("refused", 1)
	n.figure("the failure is a metric", exactly(0), "tailrace_config_last_reload_successful")
	n.arrived(n.sink.Stats().Stored + 100)
	if out, code := testkit.Output(t, testkit.Agent(t), "status", "--address", n.Metrics, "--journal", n.Path("state")); code != 0 || !strings.Contains(out, "NOT RELOADED") || !strings.Contains(out, "nonsense") {
		t.Errorf("the status does not tell of the failure (%d):\n%s", code, out)
	}
	n.mount(string(sound))
	n.looked("applied", 2)
	n.figure("the failure is over", exactly(1), "tailrace_config_last_reload_successful")
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// TestAConfigurationThatCannotBeUsedChangesNothing gives the agent one bad
// configuration after the other under load: with mistakes, with a component that
// cannot be made here, with what takes a restart, and at last one that only
// fails when the agent starts. The agent goes on by the one before, says what is
// wrong, and each line arrives once.
func TestAConfigurationThatCannotBeUsedChangesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	generator := n.Generate("-seed", seed(45), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "262144")
	n.override("")
	agent := n.start()
	n.arrived(200)
	taken, err := net.Listen("tcp", testkit.Loopback()+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refused := 0
	for _, c := range []struct{ config, said string }{
		{"exporters: [\n", "not valid YAML"},
		{"service: {lanez: 2}\n", "lanez"},
		{"exporters: {elasticsearch: {tls: {ca_file: /nowhere/ca.pem}}}\n", "tls.ca_file cannot be read"},
		{"service: {journal: {directory: /nowhere}}\n", "restart the agent to change it"},
		{"service: {node: another}\n", "service.node is"},
	} {
		refused++
		n.reloaded("refused", refused, c.config)
		n.saying(agent, c.said)
	}
	n.reloaded("failed", 1, fmt.Sprintf("service: {telemetry: {metrics: {address: %q}}}\n", taken.Addr()))
	n.saying(agent, "it starts again with the one before")
	n.arrived(n.sink.Stats().Stored + 100)
	n.reloaded("unchanged", 1, "")
	n.figure("the failures are over", exactly(1), "tailrace_config_last_reload_successful")
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d refused=%d violations=%d", v.Records, refused, len(v.Violations))
}

// TestReloadsWithAJournalInMemoryLoseNothing reloads while lines are on their
// way to a backend that is slow and refuses: what is not delivered is read again
// and has the ids that it had. Without a directory positions would be lost, so
// then a reload is refused.
func TestReloadsWithAJournalInMemoryLoseNothing(t *testing.T) {
	t.Parallel()
	n := newMemoryNode(t, "ok:500ms,503:300ms,429:200ms,ok:700ms,cut:200ms,ok:400ms")
	generator := n.Generate("-seed", seed(47), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "1048576")
	n.override("")
	agent := n.start("--drain", "100ms")
	n.arrived(200)
	for i := range 3 {
		n.reloaded("applied", 1+i, fmt.Sprintf("service: {journal: {flush: {interval: %dms}}}\n", 60+i))
		n.arrived(n.sink.Stats().Stored + 100)
	}
	v := n.delivered(generator, agent)
	t.Logf("RESULT records=%d repeats=%d violations=%d", v.Records, v.Repeats, len(v.Violations))

	nowhere := newMemoryNode(t, "ok")
	nowhere.override("service: {journal: {directory: \"\"}}")
	nowhere.override("")
	agent = nowhere.start()
	nowhere.value("tailrace_config_reloads_total")
	nowhere.reloaded("refused", 1, "service: {lanes: 2}\n")
	nowhere.saying(agent, "the positions of files are in memory only")
	agent.Stop()
}

// TestAReloadAddsAndRemovesAnExporter adds another exporter under load, which
// delivers from then on, and takes it away again. The first one goes on without
// losing or repeating a line.
func TestAReloadAddsAndRemovesAnExporter(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	second := n.StartSink("second", "ok")
	generator := n.Generate("-seed", seed(46), "-containers", "2", "-plains", "1", "-rate", "800", "-limit", "262144")
	n.override("")
	agent := n.start()
	n.arrived(200)
	const label = `exporter="elasticsearch/second"`
	n.reloaded("applied", 1, fmt.Sprintf(`
exporters: {elasticsearch/second: {endpoints: [%q], flush: {interval: 100ms}}}
service: {pipelines: {logs: {receivers: [pods, files/plain], exporters: [elasticsearch, elasticsearch/second]}}}
`, second.URL))
	n.figure("the new exporter delivers", atLeast(100), "tailrace_exporter_sent_log_records_total", label)
	if second.Stats().Stored == 0 {
		t.Error("nothing came to the second sink")
	}
	n.reloaded("applied", 2, "")
	n.figure("the exporter is gone", exactly(testkit.Missing), "tailrace_exporter_sent_log_records_total", label)
	n.arrived(n.sink.Stats().Stored + 100)
	v := n.settle(generator, agent)
	t.Logf("RESULT records=%d violations=%d", v.Records, len(v.Violations))
}

// TestAReloadChangesARule has lines dropped by a rule that was not there when
// the agent was started, and then no more.
func TestAReloadChangesARule(t *testing.T) {
	t.Parallel()
	n := newNode(t, "ok")
	n.override("")
	n.start()
	log := n.Path("plain", "shop.log")
	n.append(log, "noise one", "order two")
	n.arrived(2)
	const rule = `
processors: {filter: {rules: [{name: noise, match: {body: {prefix: noise}}, action: drop}]}}
service: {pipelines: {logs: {receivers: [pods, files/plain], processors: [filter], exporters: [elasticsearch]}}}
`
	n.reloaded("applied", 1, rule)
	n.append(log, "noise three", "order four")
	n.arrived(3)
	n.figure("the rule drops", exactly(1), "tailrace_processor_dropped_log_records_total", `rule="noise"`)
	n.reloaded("applied", 2, "")
	n.append(log, "noise five", "order six")
	n.arrived(5)
	var texts []string
	for _, d := range n.documents() {
		texts = append(texts, d.text)
	}
	if got, want := strings.Join(texts, ", "), "noise one, order two, order four, noise five, order six"; got != want {
		t.Errorf("the journal has %s; want %s", got, want)
	}
}

// reloaded replaces the last configuration, sends SIGHUP, and waits until so many
// looks at the configuration have ended in an outcome.
func (n *node) reloaded(outcome string, times int, content string) {
	n.TB.Helper()
	if err := os.WriteFile(n.configs[len(n.configs)-1], []byte(content), 0o644); err != nil {
		n.TB.Fatal(err)
	}
	if err := n.latest.Signal(syscall.SIGHUP); err != nil {
		n.TB.Fatal(err)
	}
	n.looked(outcome, times)
}

func (n *node) looked(outcome string, times int) {
	n.TB.Helper()
	n.figure(fmt.Sprintf("%d configurations are %s", times, outcome), exactly(times), "tailrace_config_reloads_total", fmt.Sprintf("outcome=%q", outcome))
}

// mount replaces the configuration in the kubelet's way, and has the agent read
// it there: a directory for each version, and a link to the present one that is
// renamed over the one before.
func (n *node) mount(content string) {
	n.TB.Helper()
	root, version := n.Path("mount"), fmt.Sprintf("..version-%d", len(content))
	name := filepath.Join(root, "tailrace.yaml")
	n.configs = []string{name}
	must := func(err error) {
		n.TB.Helper()
		if err != nil && !os.IsExist(err) {
			n.TB.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, version), 0o755))
	must(os.WriteFile(filepath.Join(root, version, "tailrace.yaml"), []byte(content), 0o644))
	must(os.Symlink(version, filepath.Join(root, "..data_tmp")))
	must(os.Rename(filepath.Join(root, "..data_tmp"), filepath.Join(root, "..data")))
	must(os.Symlink("..data/tailrace.yaml", name))
}

// append writes lines to a log.
func (n *node) append(name string, lines ...string) {
	n.TB.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		n.TB.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Join(lines, "\n") + "\n"); err != nil {
		n.TB.Fatal(err)
	}
}

// value is a figure of the running agent.
func (n *node) value(name string) (value int) {
	n.TB.Helper()
	n.figure(name, func(v int) bool { value = v; return v != testkit.Missing }, name)
	return value
}

func atMost(want int) func(int) bool { return func(got int) bool { return got <= want } }
