package config

import (
	"fmt"
	"strings"
	"testing"
)

// routed is a configuration with routes, processors of the pipeline and exporters.
func routed(routes, processors, exporters string) []string {
	return []string{fmt.Sprintf(`yaml:
receivers: {pods: {}}
processors: {kubernetes: {}}
exporters: {%s}
service:
  routes: [%s]
  pipelines: {logs: {receivers: [pods], processors: [%s], exporters: [console/a, console/b]}}
`, exporters, routes, processors)}
}

const bothTakeAll = "console/a: {}, console/b: {}"

func TestMistakesInRoutesAreFound(t *testing.T) {
	many := make([]string, maxClasses)
	for i := range many {
		many[i] = fmt.Sprintf("{match: {k8s.namespace.name: n%d}, class: c%d}", i, i)
	}
	for routes, want := range map[string]string{
		"{match: {k8s.namespace.name: a}}":             `service.routes[0].class: "" is no name of a class`,
		"{match: {k8s.namespace.name: a}, class: A/B}": `service.routes[0].class: "A/B" is no name of a class: write small letters`,
		"{class: a}":                                          "service.routes[0].match: would match every log",
		"{match: {namespace: a}, class: a}":                   "service.routes[0].match.namespace: routes cannot match this: choose from k8s.namespace.name, k8s.pod.name",
		"{match: {k8s.pod.label.: a}, class: a}":              "routes cannot match this",
		"{match: {k8s.pod.name: '['}, class: a}":              `service.routes[0].match.k8s.pod.name: "[" is no pattern`,
		"{match: {k8s.pod.name: ''}, class: a}":               `"" is no pattern`,
		"{match: {k8s.pod.name: a}, clas: a}":                 "service.routes[0].clas: unknown key",
		"{match: {k8s.pod.name: a}, class: " + long(64) + "}": "63 at most",
		strings.Join(many, ", "):                              "service.routes: there are 17 classes, with the class default",
	} {
		_, err := Load(routed(routes, "", bothTakeAll))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", routes, err, want)
		}
	}
	if _, err := Load(routed(strings.Join(many[1:], ", "), "", bothTakeAll)); err != nil {
		t.Errorf("16 classes: %v", err)
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestClassesThatNobodyTakesOrGivesAreWarnedOf(t *testing.T) {
	const toShop = "{match: {k8s.namespace.name: shop}, class: shop}"
	for _, tt := range []struct{ routes, processors, exporters, want string }{
		{toShop, "", bothTakeAll, ""},
		{toShop, "", "console/a: {classes: [shop]}, console/b: {classes: [default]}", ""},
		{toShop, "", "console/a: {classes: [shop]}, console/b: {}", ""},
		{toShop, "", "console/a: {classes: [shop]}, console/b: {classes: [shop]}", "logs of the class default go to no exporter"},
		{toShop, "", "console/a: {classes: [default]}, console/b: {classes: [default]}", "logs of the class shop go to no exporter"},
		{"", "", "console/a: {classes: [bank]}, console/b: {}", "no route gives the class bank"},
		{"{match: {k8s.pod.label.team: a*}, class: shop}", "", bothTakeAll, "service.routes[0].match.k8s.pod.label.team: matches nothing: labels are known only with the processor kubernetes"},
		{"{match: {k8s.namespace.label.team: a*}, class: shop}", "kubernetes", bothTakeAll, ""},
	} {
		cfg, err := Load(routed(tt.routes, tt.processors, tt.exporters))
		if err != nil {
			t.Fatal(err)
		}
		got := cfg.Warnings.Error()
		got = strings.ReplaceAll(got, "processors.kubernetes: is in no pipeline", "")
		if warned := strings.Contains(got, "class") || strings.Contains(got, "matches nothing"); warned != (tt.want != "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s, %s: %s, want %q", tt.routes, tt.exporters, got, tt.want)
		}
	}
}
