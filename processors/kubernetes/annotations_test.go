package kubernetes

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tailrace/tailrace/pipeline/event"
)

// checked refuses the format "none", as the agent does what its parser does not
// know.
func checked(s event.Settings) error {
	switch {
	case s.Format == "none":
		return errors.New("there is no format")
	case s.Format == "json" && s.LogFormat != "":
		return errors.New("json has no layout")
	}
	return nil
}

// annotated is a pod with two containers.
func annotated(annotations string) *corev1.Pod {
	p := podOwnedBy("", "", "", nil)
	p.Spec.Containers = []corev1.Container{{Name: "web"}, {Name: "side"}}
	p.Annotations = parseAnnotations(annotations)
	return p
}

// parseAnnotations reads "key=value; key=value".
func parseAnnotations(s string) map[string]string {
	all := make(map[string]string)
	for pair := range strings.SplitSeq(s, "; ") {
		key, value, _ := strings.Cut(pair, "=")
		all[key] = value
	}
	return all
}

func followAll(c *Config) { c.Annotations = Keys() }

// following is what a describer of all annotations makes of a pod in a
// namespace, both annotated.
func following(t *testing.T, ofNamespace, ofPod string) *Pods {
	t.Helper()
	s, _ := newPods(t, "", followAll)
	s.describe.check = checked
	n := reader{keys: Keys(), check: checked, of: " of namespace shop"}
	n.read(parseAnnotations(ofNamespace))
	s.learn(t, annotated(ofPod))
	s.setNamespace("shop", &namespace{Wishes: n.wishes, Problems: n.problems})
	return s
}

func TestAnnotationsSayHowALogIsRead(t *testing.T) {
	for _, tt := range []struct{ namespace, pod, web, side string }{
		{"", "tailrace.io/format=json", "format=json", "format=json"},
		{"", "tailrace.io/format= json ", "format=json", "format=json"},
		{"", "tailrace.io/format.web=json", "format=json", ""},
		{"", "tailrace.io/format=json; tailrace.io/format.side=nginx", "format=json", "format=nginx"},
		{"tailrace.io/format=json", "", "format=json", "format=json"},
		{"tailrace.io/format.web=json; tailrace.io/sample=5", "tailrace.io/format=nginx", "format=nginx sample=5", "format=nginx sample=5"},
		{"", "tailrace.io/data-stream-dataset=My App; tailrace.io/data-stream-namespace=team-a", "dataset=My App namespace=team-a", "dataset=My App namespace=team-a"},
		{"", "tailrace.io/multiline.web=java; tailrace.io/redact.side=off", "multiline=java", "redact=off"},
		{"tailrace.io/timezone=Asia/Tokyo", "tailrace.io/timezone.web=Europe/Berlin", "timezone=Europe/Berlin", "timezone=Asia/Tokyo"},
		{"", "tailrace.io/sample=1", "sample=1", "sample=1"},
		{"", "tailrace.io/log-format.web=$remote_addr $status", "layout=$remote_addr $status", ""},
		{"", "tailrace.io/exclude=true", "excluded by tailrace.io/exclude", "excluded by tailrace.io/exclude"},
		{"", "tailrace.io/exclude.side=true", "", "excluded by tailrace.io/exclude.side"},
		{"", "tailrace.io/exclude=true; tailrace.io/exclude.side=false", "excluded by tailrace.io/exclude", ""},
		{"", "tailrace.io/exclude=stderr; tailrace.io/exclude.side=stdout", "without stderr", "without stdout"},
		{"tailrace.io/exclude=true", "tailrace.io/exclude=stderr", "without stderr", "without stderr"},
		{"tailrace.io/exclude=true", "", "excluded by tailrace.io/exclude of namespace shop", "excluded by tailrace.io/exclude of namespace shop"},
		{"tailrace.io/exclude=true", "tailrace.io/exclude.web=false", "", "excluded by tailrace.io/exclude of namespace shop"},

		{"", "co.elastic.logs/enabled=false", "excluded by co.elastic.logs/enabled", "excluded by co.elastic.logs/enabled"},
		{"", "co.elastic.logs/enabled=true", "", ""},
		{"", "co.elastic.logs.side/enabled=false", "", "excluded by co.elastic.logs.side/enabled"},
		{"", "co.elastic.logs/enabled=false; co.elastic.logs.web/enabled=true", "", "excluded by co.elastic.logs/enabled"},
		{"", "fluentbit.io/exclude=true", "excluded by fluentbit.io/exclude", "excluded by fluentbit.io/exclude"},
		{"", "fluentbit.io/exclude-web=True", "excluded by fluentbit.io/exclude-web", ""},
		{"", "fluentbit.io/exclude_stderr=true", "without stderr", "without stderr"},
		{"", "fluentbit.io/exclude_stdout-side=on", "", "without stdout"},
		{"", "fluentbit.io/exclude_stdout=true; fluentbit.io/exclude_stderr=true", "excluded by fluentbit.io/exclude_stdout", "excluded by fluentbit.io/exclude_stdout"},
		{"", "fluentbit.io/exclude=true; fluentbit.io/exclude_stderr=false", "without stdout", "without stdout"},
		{"", "fluentbit.io/parser=apache2; fluentbit.io/parser-side=docker", "format=apache", "format=auto"},

		{"", "co.elastic.logs/enabled=false; tailrace.io/exclude=false", "", ""},
		{"", "fluentbit.io/exclude-web=true; tailrace.io/exclude=false", "", ""},
		{"", "fluentbit.io/parser-web=nginx; tailrace.io/format=json", "format=json", "format=json"},
		{"tailrace.io/exclude=false", "fluentbit.io/exclude=true", "excluded by fluentbit.io/exclude", "excluded by fluentbit.io/exclude"},
		{"", "kubernetes.io/x=y; prometheus.io/scrape=true; co.elastic.logs/json.keys_under_root=true; fluentbit.io/other=1", "", ""},
	} {
		s := following(t, tt.namespace, tt.pod)
		for container, want := range map[string]string{"web": tt.web, "side": tt.side} {
			if got := s.wanted(container); got != want {
				t.Errorf("namespace %q, pod %q, container %s: %q, want %q", tt.namespace, tt.pod, container, got, want)
			}
		}
		if p := s.Problems(); len(p) > 0 {
			t.Errorf("namespace %q, pod %q: %v", tt.namespace, tt.pod, p)
		}
	}
}

func pathOf(container string) string { return "shop_pod-1_uid/" + container + "/0" }

// wanted says in words how the log of a container is read.
func (s *Pods) wanted(container string) string {
	if rule, _ := s.Excluded(pathOf(container)); rule != "" {
		return "excluded by " + strings.TrimPrefix(rule, "annotation ")
	}
	src := source
	src.ContainerName = container
	w := s.Settings(&src)
	var all []string
	for _, f := range []struct{ name, value string }{
		{"format", w.Format}, {"layout", w.LogFormat}, {"dataset", w.Dataset}, {"namespace", w.DataStreamNamespace}, {"multiline", w.Multiline}, {"redact", w.Redact}, {"timezone", w.Timezone},
	} {
		if f.value != "" {
			all = append(all, f.name+"="+f.value)
		}
	}
	if w.Sample != 0 {
		all = append(all, fmt.Sprint("sample=", w.Sample))
	}
	if w.Without != event.StreamNone {
		all = append(all, "without "+w.Without.String())
	}
	return strings.Join(all, " ")
}

func TestABadAnnotationIsReportedAndTheOthersFollowed(t *testing.T) {
	for annotation, want := range map[string]string{
		"tailrace.io/formt=json":                                     "there is no such setting: write tailrace.io/exclude, tailrace.io/format",
		"tailrace.io/=json":                                          "there is no such setting",
		"tailrace.io/format=none":                                    "there is no format",
		"tailrace.io/format=":                                        "it has no value",
		"tailrace.io/format.db=json":                                 `the pod has no container "db": it has "web, side"`,
		"tailrace.io/exclude=maybe":                                  `"maybe" is neither true nor false, stdout or stderr`,
		"tailrace.io/sample=0":                                       `"0" is no number from 1 to 1000000`,
		"tailrace.io/sample=-1":                                      `"-1" is no number`,
		"tailrace.io/sample=1e9":                                     `"1e9" is no number`,
		"tailrace.io/sample=99999999999":                             `"99999999999" is no number`,
		"co.elastic.logs/enabled=0":                                  `"0" is neither true nor false`,
		"co.elastic.logs.db/enabled=false":                           `the pod has no container "db"`,
		"fluentbit.io/exclude=stdout":                                `"stdout" is neither true nor false`,
		"fluentbit.io/parser=ours":                                   `no format is known by the name "ours", so it is recognised; known are apache, apache2`,
		"fluentbit.io/parser_stderr=json":                            "a parser for one stream is not followed",
		"tailrace.io/multiline=" + strings.Repeat("x", maxSetting+1): "the value has 1025 bytes: write at most 1024",
		"tailrace.io/sample=\x1b[2J\xff\u2028.":                      `"\x1b[2J\xff\u2028." is no number`,
	} {
		s := following(t, "", annotation+"; tailrace.io/data-stream-dataset=kept")
		key, _, _ := strings.Cut(annotation, "=")
		all := s.Problems()
		if len(all) != 1 || all[0].Namespace != "shop" || all[0].Pod != "pod-1" || all[0].Key != key || !strings.Contains(all[0].Why, want) {
			t.Errorf("%q: %+v, want %s", annotation, all, want)
		}
		if got := s.wanted("web"); got != "dataset=kept" {
			t.Errorf("%q: the log is read with %q", annotation, got)
		}
		if f := s.Figures(); f.BadAnnotations != 1 {
			t.Errorf("%q: figures %+v", annotation, f)
		}
	}
}

func TestAnnotationsOfANamespaceAreReportedAsItsOwn(t *testing.T) {
	s := following(t, "tailrace.io/sample=often; tailrace.io/format.any=json", "")
	if p := s.Problems(); len(p) != 1 || p[0].Namespace != "shop" || p[0].Pod != "" || p[0].Key != "tailrace.io/sample" {
		t.Errorf("problems: %+v", p)
	}
}

func TestWhatOnePodCanHaveKeptIsBounded(t *testing.T) {
	many := make(map[string]string)
	for i := range 10_000 {
		many[fmt.Sprintf("tailrace.io/format.c%d", i)] = strings.Repeat("v", maxSetting)
		many[fmt.Sprintf("tailrace.io/x%d", i)] = "v"
	}
	r := reader{keys: Keys()}
	r.read(many)
	if len(r.wishes.Own) != maxWishes || len(r.problems) != maxProblems {
		t.Errorf("%d wishes and %d problems are kept", len(r.wishes.Own), len(r.problems))
	}
	for _, p := range r.problems {
		if len(p.Why) > maxWhy {
			t.Errorf("a reason has %d bytes", len(p.Why))
		}
	}
}

func TestKeysThatAreNotListedAreNotFollowed(t *testing.T) {
	s, _ := newPods(t, "", func(c *Config) { c.Annotations = []string{keyFormat} })
	s.learn(t, annotated("tailrace.io/format=json; tailrace.io/redact=off; fluentbit.io/exclude=true"))
	if got, p := s.wanted("web"), s.Problems(); got != "format=json" || len(p) != 2 || !strings.Contains(p[0].Why, "not followed on this node") {
		t.Errorf("%s, problems %v", got, p)
	}
}

func TestABadAnnotationIsLoggedOnceForEachChange(t *testing.T) {
	s, _ := newPods(t, "", followAll)
	var log strings.Builder
	s.opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	for _, tt := range []struct {
		annotation string
		want       int
	}{
		{"tailrace.io/sample=x", 1}, {"tailrace.io/sample=x", 1}, {"tailrace.io/sample=y", 2}, {"tailrace.io/sample=2", 2}, {"tailrace.io/sample=y", 3},
	} {
		s.learn(t, annotated(tt.annotation))
		if n := strings.Count(log.String(), "an annotation of a pod or namespace is not followed"); n != tt.want {
			t.Fatalf("after %s it was said %d times, want %d:\n%s", tt.annotation, n, tt.want, &log)
		}
	}
	if f := s.Figures(); f.BadAnnotations != 1 {
		t.Errorf("figures: %+v", f)
	}
}

func TestWhatWasExcludedIsReadFromWhenItIsNot(t *testing.T) {
	s, l := newPods(t, "", followAll)
	s.learn(t, annotated("tailrace.io/exclude.web=true"))
	if l.rescans != 0 || s.since("web") != 0 {
		t.Fatalf("a new pod: %d rescans, since %d", l.rescans, s.since("web"))
	}
	before := time.Now().UnixNano()
	s.learn(t, annotated("tailrace.io/exclude.side=true"))
	if since := s.since("web"); l.rescans != 1 || since < before || since > time.Now().UnixNano() || s.since("side") != 0 {
		t.Errorf("%d rescans, since %d and %d", l.rescans, since, s.since("side"))
	}
	web := s.since("web")
	s.learn(t, annotated("tailrace.io/sample=2"))
	if l.rescans != 2 || s.since("web") != web || s.since("side") < web {
		t.Errorf("%d rescans, since %d and %d", l.rescans, s.since("web"), s.since("side"))
	}
	n := reader{keys: Keys()}
	n.read(parseAnnotations("tailrace.io/exclude=true"))
	s.setNamespace("shop", &namespace{Wishes: n.wishes})
	s.setNamespace("shop", new(namespace))
	if l.rescans != 4 || s.since("web") <= web {
		t.Errorf("by its namespace: %d rescans, since %d", l.rescans, s.since("web"))
	}
}

// since is from when on the lines of a container are wanted.
func (s *Pods) since(container string) int64 {
	_, until := s.Excluded(pathOf(container))
	return until
}

func TestSettingsOutliveTheProcess(t *testing.T) {
	file := t.TempDir() + "/kubernetes/pods.json"
	s, _ := newPods(t, file, followAll)
	s.learn(t, annotated("tailrace.io/exclude.web=true; tailrace.io/sample=x; tailrace.io/format=json"))
	s.learn(t, annotated("tailrace.io/exclude.side=true; tailrace.io/sample=x; tailrace.io/format=json"))
	n := reader{keys: Keys()}
	n.read(parseAnnotations("tailrace.io/data-stream-namespace=team"))
	s.setNamespace("shop", &namespace{Wishes: n.wishes})
	s.save()
	next, l := newPods(t, file, followAll)
	if got := next.wanted("web"); got != "format=json namespace=team" || next.since("web") != s.since("web") {
		t.Errorf("after a restart: %s, since %d", got, next.since("web"))
	}
	if next.wanted("side") == "" || len(next.Problems()) != 1 {
		t.Errorf("after a restart: %s, %v", next.wanted("side"), next.Problems())
	}
	// What the API says when it is there again is compared with it.
	next.learn(t, annotated("tailrace.io/format=json"))
	if l.rescans != 1 || next.since("side") == 0 {
		t.Errorf("%d rescans, since %d", l.rescans, next.since("side"))
	}
}

func TestSettingsThatDoNotGoTogetherAreReported(t *testing.T) {
	s := following(t, "", "tailrace.io/format=json; tailrace.io/log-format=$status")
	if p := s.Problems(); len(p) != 1 || p[0].Key != "tailrace.io/log-format" || s.wanted("web") != "format=json" {
		t.Errorf("%s, problems %v", s.wanted("web"), p)
	}
}
