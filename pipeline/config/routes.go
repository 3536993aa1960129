package config

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Route gives the logs that it matches a frame class.
type Route struct {
	Match map[string]string `mapstructure:"match" doc:"Conditions, all of which must hold: a field, and a pattern of its value with * and ?. Fields are k8s.namespace.name, k8s.pod.name, k8s.container.name, k8s.pod.label.KEY, k8s.namespace.label.KEY, data_stream.dataset, data_stream.namespace and log.file.path."`
	Class string            `mapstructure:"class" doc:"The class of the frames that the logs go into, which exporters choose by their classes. Those that no route matches have the class default."`
}

// What a Route can match, and the beginnings of those that name a label.
const (
	RouteNamespace      = "k8s.namespace.name"
	RoutePod            = "k8s.pod.name"
	RouteContainer      = "k8s.container.name"
	RoutePodLabel       = "k8s.pod.label."
	RouteNamespaceLabel = "k8s.namespace.label."
	RouteDataset        = "data_stream.dataset"
	RouteDataStream     = "data_stream.namespace"
	RouteFile           = "log.file.path"
)

var routeFields = []string{RouteNamespace, RoutePod, RouteContainer, RouteDataset, RouteDataStream, RouteFile}

const (
	// DefaultClass is the class of what no route matches.
	DefaultClass = "default"
	// maxClasses is how many frames a lane keeps open at a time.
	maxClasses = 16
	maxRoutes  = 1000
)

// className is what a class may be called: it stands in frames and in labels of
// metrics.
var className = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// Classes are those that logs can have, in the order of the routes.
func (s *Service) Classes() []string {
	all := []string{DefaultClass}
	for i := range s.Routes {
		if c := s.Routes[i].Class; !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

func (s *Service) checkRoutes(wrong func(message string, key ...string)) {
	if len(s.Routes) > maxRoutes {
		wrong(fmt.Sprintf("%d are too many: at most %d", len(s.Routes), maxRoutes), "routes")
	}
	if n := len(s.Classes()); n > maxClasses {
		wrong(fmt.Sprintf("there are %d classes, with the class %s: a lane has an open frame for each, at most %d; let routes share a class",
			n, DefaultClass, maxClasses), "routes")
	}
	for i := range s.Routes {
		s.Routes[i].check(func(message string, key ...string) {
			wrong(message, append([]string{"routes", strconv.Itoa(i)}, key...)...)
		})
	}
}

func (r *Route) check(wrong func(message string, key ...string)) {
	if !className.MatchString(r.Class) {
		wrong(fmt.Sprintf("%q is no name of a class: write small letters, digits, dots, hyphens and underscores, 63 at most", r.Class), "class")
	}
	if len(r.Match) == 0 {
		wrong("would match every log: name at least one field", "match")
	}
	for _, field := range slices.Sorted(maps.Keys(r.Match)) {
		if !isRouteField(field) {
			wrong(fmt.Sprintf("routes cannot match this: choose from %s, %sKEY and %sKEY", strings.Join(routeFields, ", "), RoutePodLabel, RouteNamespaceLabel),
				"match", field)
		}
		if _, err := path.Match(r.Match[field], ""); err != nil || r.Match[field] == "" {
			wrong(fmt.Sprintf("%q is no pattern: write text, with * and ? for any characters and for one; close brackets, or put a backslash before them",
				r.Match[field]), "match", field)
		}
	}
}

func isRouteField(field string) bool {
	return slices.Contains(routeFields, field) || isLabel(field)
}

func isLabel(field string) bool {
	for _, prefix := range []string{RoutePodLabel, RouteNamespaceLabel} {
		if key, ok := strings.CutPrefix(field, prefix); ok && key != "" {
			return true
		}
	}
	return false
}

// warnRoutes finds classes that nobody takes or gives, and conditions that never
// hold.
func (c *Config) warnRoutes(p *Pipeline) {
	metadata := slices.ContainsFunc(p.Processors, func(id ID) bool { return id.Type == "kubernetes" })
	for i := range c.Service.Routes {
		for _, field := range slices.Sorted(maps.Keys(c.Service.Routes[i].Match)) {
			if !metadata && isLabel(field) {
				c.warn(Path{"service", "routes", strconv.Itoa(i), "match", field},
					"matches nothing: labels are known only with the processor kubernetes in the pipeline")
			}
		}
	}
	given := c.Service.Classes()
	taken, all := c.takenClasses(p)
	for _, class := range given {
		if !all && len(p.Exporters) > 0 && !slices.Contains(taken, class) {
			c.warn(Path{"service", "routes"}, "logs of the class %s go to no exporter and stay in the journal: "+
				"add it to the classes of one, or give one no classes, so that it takes all", class)
		}
	}
	for _, class := range taken {
		if !slices.Contains(given, class) {
			c.warn(Path{"exporters"}, "no route gives the class %s, so the exporters that have it in classes get nothing of it: add a route under service.routes", class)
		}
	}
}

// takenClasses are those that exporters of a pipeline name, or all.
func (c *Config) takenClasses(p *Pipeline) (taken []string, all bool) {
	for _, id := range p.Exporters {
		names, _ := c.Exporters[id].Raw["classes"].([]any)
		all = all || len(names) == 0
		for _, n := range names {
			if name := fmt.Sprint(n); !slices.Contains(taken, name) {
				taken = append(taken, name)
			}
		}
	}
	return taken, all
}
