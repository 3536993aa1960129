// Package rabbitmq lets one thing at a time go wrong around the real agent and
// a real RabbitMQ, and judges what became of every line. Each hazard has a file
// of its own.
package rabbitmq

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
	broker "github.com/tailrace/tailrace/internal/testkit/rabbitmq"
	"github.com/tailrace/tailrace/test/oracle"
)

// The brokers that the tests take turns with.
var (
	one   = newTurns(broker.Shared{Options: broker.Options{TLS: true}}, broker.Shared{Options: broker.Options{TLS: true}})
	three = newTurns(broker.Shared{Options: broker.Options{Nodes: 3}})
)

func TestMain(m *testing.M) {
	status := m.Run()
	for _, turns := range []*turns{one, three} {
		for i := range turns.all {
			turns.all[i].Stop()
		}
	}
	os.Exit(status)
}

// turns are equal brokers, of which a test takes one that is free.
type turns struct {
	all  []broker.Shared
	free chan *broker.Shared
}

func newTurns(all ...broker.Shared) *turns {
	t := &turns{all, make(chan *broker.Shared, len(all))}
	for i := range all {
		t.free <- &all[i]
	}
	return t
}

func (s *turns) take(t *testing.T) *broker.Broker {
	t.Helper()
	b := <-s.free
	t.Cleanup(func() { s.free <- b })
	return b.Take(t)
}

// queue is the one that agents publish to when they are not told otherwise.
const queue = "tailrace"

// site is a node with its agent, a broker, and a sink that plays Elasticsearch
// behind it.
type site struct {
	*testkit.Rig
	broker *broker.Broker
	sink   *testkit.Sink
	agent  *testkit.Process
	// addresses are where the agent finds the broker.
	addresses []string
	// scheme is amqps:// where the agent speaks TLS.
	scheme string
	// settings are more keys of the exporter, such as "max_length: 5".
	settings []string
	// more are settings of the agent that are merged over the others.
	more string
	// exporters are those beside rabbitmq, in YAML.
	exporters map[string]string
	// binary is the agent's, the usual one when it is empty.
	binary string
	runs   int
}

// newSite makes a site at a broker. The agent does not run yet.
func newSite(t *testing.T, from *turns) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the real agent and a real broker; make test runs it")
	}
	testkit.Agent(t) // It is built before anything runs.
	s := &site{broker: from.take(t)}
	s.Rig = testkit.NewRig(t)
	s.sink = s.StartSink("sink", "ok")
	for _, n := range s.broker.Nodes {
		s.addresses = append(s.addresses, n.Address)
	}
	s.password(broker.Password)
	return s
}

// password is what the agent finds in its password_file.
func (s *site) password(p string) {
	s.TB.Helper()
	if err := os.WriteFile(s.Path("password"), []byte(p+"\n"), 0o600); err != nil {
		s.TB.Fatal(err)
	}
}

// config writes the agent's configuration. Its times are short, so that the
// tests are.
func (s *site) config() []string {
	s.TB.Helper()
	var urls []string
	for _, a := range s.addresses {
		urls = append(urls, fmt.Sprintf("%q", cmp.Or(s.scheme, "amqp://")+a))
	}
	keys := append([]string{
		"endpoints: [" + strings.Join(urls, ", ") + "]",
		fmt.Sprintf("vhost: %q, user: %s, password_file: %q", s.broker.VirtualHost, broker.User, s.Path("password")),
		"heartbeat: 1s, timeout: 3s",
	}, s.settings...)
	exporters, ids := "  rabbitmq: {"+strings.Join(keys, ", ")+"}\n", []string{"rabbitmq"}
	for id, settings := range s.exporters {
		exporters += "  " + id + ": " + settings + "\n"
		ids = append(ids, id)
	}
	files := []string{s.Configure(fmt.Sprintf("receivers:\n  pods: {root: %s}\nexporters:\n%s", s.Path("pods"), exporters),
		"    logs: {receivers: [pods], exporters: ["+strings.Join(ids, ", ")+"]}\n")}
	if s.more != "" {
		name := s.Path("more.yaml")
		if err := os.WriteFile(name, []byte(s.more), 0o644); err != nil {
			s.TB.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

// start runs the agent.
func (s *site) start() *testkit.Process {
	s.TB.Helper()
	s.runs++
	line := []string{"run"}
	for _, c := range s.config() {
		line = append(line, "--config", c)
	}
	s.agent = s.Start(fmt.Sprintf("agent-%03d", s.runs), cmp.Or(s.binary, testkit.Agent(s.TB)), line...)
	return s.agent
}

// load writes lines until the generator is stopped.
func (s *site) load(args ...string) *testkit.Process {
	s.TB.Helper()
	return s.Generate(append([]string{"-seed", seed(5), "-containers", "4", "-rate", "1000", "-limit", "1048576"}, args...)...)
}

// written is how many lines the generator has written so far.
func (s *site) written() int {
	s.TB.Helper()
	n, err := oracle.WrittenSoFar(s.Path("ledger"))
	if err != nil {
		s.TB.Fatal(err)
	}
	return n
}

// restart starts a node again. But in the long form the load pauses meanwhile: on a
// slow machine that takes minutes, and what is written then has to be delivered.
func (s *site) restart(n *broker.Node, generator *testkit.Process) {
	s.TB.Helper()
	if !tortured() {
		signal(s.TB, generator, syscall.SIGUSR1)
		defer signal(s.TB, generator, syscall.SIGUSR2)
	}
	n.Restart()
}

func signal(t testing.TB, p *testkit.Process, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// figure is the sum of a metric of the running agent.
func (s *site) figure(name string, labels ...string) int {
	s.TB.Helper()
	value := 0
	testkit.Eventually(s.TB, "the agent answers", func() (bool, string) {
		if !s.agent.Running() {
			s.TB.Fatalf("the agent has ended\n%s", s.agent.Tail())
		}
		f, err := s.Figures()
		if err != nil {
			return false, err.Error()
		}
		value = f.Sum(name, labels...)
		return true, ""
	})
	return value
}

const viaBroker = `exporter="rabbitmq"`

// sent is how many lines the broker has confirmed.
func (s *site) sent() int {
	return s.figure("tailrace_exporter_sent_log_records_total", viaBroker)
}

// flowing waits until more lines are confirmed than are now, and says how long
// that took since the cause was mended.
func (s *site) flowing(mended time.Time) {
	s.TB.Helper()
	s.grows("lines are confirmed again", s.sent()+1)
	s.TB.Logf("RESULT seconds_from_heal_to_flowing=%.1f", time.Since(mended).Seconds())
}

// underway waits until lines are confirmed, for which the queue has to be
// there, and has the broker save that it is.
func (s *site) underway() {
	s.TB.Helper()
	s.grows("lines are confirmed", 300)
	s.broker.SaveNames()
}

// grows waits until so many lines are confirmed.
func (s *site) grows(what string, want int) {
	s.TB.Helper()
	testkit.Grows(s.TB, what, want, func() (int, string) { return s.sent(), s.agent.Tail() })
}

// saying waits until the agent's log contains text.
func (s *site) saying(text string) {
	s.TB.Helper()
	testkit.Eventually(s.TB, fmt.Sprintf("the agent says %q", text), func() (bool, string) {
		return s.said(text) > 0, s.agent.Tail()
	})
}

// said counts the lines of the agent's log that contain text.
func (s *site) said(text string) (lines int) {
	s.TB.Helper()
	log, err := os.ReadFile(s.agent.Stderr)
	if err != nil {
		s.TB.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, text) {
			lines++
		}
	}
	return lines
}

// settle ends the load and judges what comes out of the broker: each line is
// once in the journal, and once in the sink.
func (s *site) settle(generator *testkit.Process) *oracle.Verdict {
	s.TB.Helper()
	generator.Stop()
	account := s.Account()
	s.Drained(s.sink, s.agent, len(account.Entries))
	v := s.Judge(s.sink)
	if len(v.Violations) > 0 {
		s.TB.Error(v)
	}
	lines := account.Totals("").Lines
	testkit.Eventually(s.TB, "every line is confirmed once", func() (bool, string) {
		sent := s.sent()
		return sent == lines, fmt.Sprintf("%d of %d", sent, lines)
	})
	s.agent.Stop()
	s.TB.Logf("RESULT records=%d repeats=%d", v.Records, v.Repeats)
	return v
}

// tortured says whether the long forms of the tests were asked for.
func tortured() bool { return os.Getenv("TAILRACE_TORTURE") != "" }

// often is how many times a fault happens.
func often(usually, inTorture int) int {
	if tortured() {
		return inTorture
	}
	return usually
}

// seed is a test's own, or the one of TAILRACE_SEED.
func seed(own uint64) string {
	if s, err := strconv.ParseUint(os.Getenv("TAILRACE_SEED"), 10, 64); err == nil && s != 0 {
		own = s
	}
	return strconv.FormatUint(own, 10)
}
