package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// check finds references that lead nowhere and values that cannot work.
func (c *Config) check(problems *Problems) {
	wrong := func(message string, p ...string) {
		if !problems.below(p) {
			*problems = append(*problems, c.src.problem(p, message))
		}
	}
	c.Service.check(func(message string, key ...string) { wrong(message, append([]string{"service"}, key...)...) })
	if len(c.Service.Pipelines) == 0 && len(*problems) == 0 {
		wrong("there is no pipeline, so nothing would run: add service.pipelines.logs with receivers and exporters", "service")
	}
	if n := len(c.Service.Pipelines); n > 1 {
		wrong(fmt.Sprintf("this version runs exactly one pipeline, not %d: keep one, with all receivers and exporters in it", n), "service", "pipelines")
	}
	used := map[string]ID{}
	for _, id := range sortedIDs(c.Service.Pipelines) {
		c.checkPipeline(id, used, wrong)
	}
	c.warnUnused(used)
}

// checkPipeline notes in used which component is in which pipeline.
func (c *Config) checkPipeline(id ID, used map[string]ID, wrong func(string, ...string)) {
	p, path := c.Service.Pipelines[id], Path{"service", "pipelines", id.String()}
	if id.Type != "logs" {
		wrong(fmt.Sprintf("this version has pipelines of logs only, not of %s: name it logs or logs/NAME", id.Type), path...)
		return
	}
	oneOf(wrong, p.Mapping, []string{"otel", "ecs"}, path.With("mapping")...)
	if len(p.Receivers) == 0 {
		wrong("has no receivers, so nothing would come in", path...)
	}
	for i, r := range p.Receivers {
		at := path.With("receivers", strconv.Itoa(i))
		if other, taken := used["receivers."+r.String()]; taken {
			wrong(fmt.Sprintf("%s is already in pipeline %s: a receiver belongs to exactly one; take it out of one of them", r, other), at...)
		}
		used["receivers."+r.String()] = id
	}
	c.checkNames("receivers", p.Receivers, c.Receivers, path, wrong)
	c.checkNames("processors", p.Processors, c.Processors, path, wrong)
	c.checkNames("exporters", p.Exporters, c.Exporters, path, wrong)
	c.warnRoutes(&p)
	for _, name := range p.Processors {
		used["processors."+name.String()] = id
	}
	for _, name := range p.Exporters {
		used["exporters."+name.String()] = id
		used["connectors."+name.String()] = id
	}
	switch {
	case len(p.Exporters) > 0:
	case c.Service.Journal.Type == InMemory:
		wrong("has no exporters, and a journal in memory keeps nothing for later: add an exporter, or set service.journal.type to disk", path...)
	default:
		c.warn(path, "has no exporters: events stay in the journal on this node until max_size or max_age")
	}
}

func (c *Config) checkNames(kind string, names []ID, have Sections, path Path, wrong func(string, ...string)) {
	for i, name := range names {
		at := path.With(kind, strconv.Itoa(i))
		if slices.Contains(names[:i], name) && kind != "receivers" {
			wrong(fmt.Sprintf("%s is listed twice: remove one", name), at...)
		}
		if _, ok := have[name]; ok || name == (ID{}) {
			continue
		}
		if _, connector := c.Connectors[name]; connector && kind == "exporters" {
			continue
		}
		wrong(fmt.Sprintf("there is no %q under %s%s", name, kind, orAdd(kind, name, have)), at...)
	}
}

// orAdd is the cure for a name that leads nowhere.
func orAdd(kind string, name ID, have Sections) string {
	known := make([]string, 0, len(have))
	for id := range have {
		known = append(known, id.String())
	}
	if n := nearest(name.String(), known); n != "" {
		return `; did you mean "` + n + `"?`
	}
	return fmt.Sprintf("; add it there: `%s: {%s: {}}`", kind, name)
}

func (c *Config) warnUnused(used map[string]ID) {
	for _, kind := range c.kinds() {
		for _, id := range kind.sections.IDs() {
			if _, ok := used[kind.name+"."+id.String()]; !ok {
				c.warn(Path{kind.name, id.String()}, "is in no pipeline and does nothing: add it to one under service.pipelines, or remove it")
			}
		}
	}
}

type kindOfSections struct {
	name     string
	sections Sections
}

// kinds are the four kinds of components in the order of a document.
func (c *Config) kinds() []kindOfSections {
	return []kindOfSections{
		{"receivers", c.Receivers}, {"processors", c.Processors},
		{"connectors", c.Connectors}, {"exporters", c.Exporters},
	}
}

func oneOf(wrong func(string, ...string), value string, allowed []string, key ...string) {
	if !slices.Contains(allowed, value) {
		wrong(fmt.Sprintf("must be %s, not %q", strings.Join(allowed, " or "), value), key...)
	}
}

func checkAddress(wrong func(string, ...string), address string, key ...string) {
	if address == "" {
		return
	}
	_, port, err := net.SplitHostPort(address)
	if n, numErr := strconv.Atoi(port); err != nil || numErr != nil || n < 0 || n > 65535 {
		wrong(fmt.Sprintf("must be host:port, such as localhost:9464, not %q", address), key...)
	}
}
