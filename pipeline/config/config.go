// Package config reads Tailrace's configuration: the conventions and the
// resolver of the OpenTelemetry Collector (component ids type/name, ${env:…}
// references, several files merged), decoded strictly, with mistakes reported
// by file, line and key. Sections of components stay raw until whoever knows
// the component's type decodes them with Decode.
package config

import (
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/confmap"
)

// Config is a whole configuration.
type Config struct {
	Receivers  Sections
	Processors Sections
	Connectors Sections
	Exporters  Sections
	Service    Service
	// Warnings are what is probably not meant and still works.
	Warnings Problems

	src *source
}

// Sections are the components of one kind.
type Sections map[ID]Section

// Section is what a configuration says about one component.
type Section struct {
	ID ID
	// Path leads to the section, such as exporters, elasticsearch/eu.
	Path Path
	// Raw is empty when the section is.
	Raw map[string]any

	src *source
}

// IDs are the components in order.
func (s Sections) IDs() []ID { return sortedIDs(s) }

// Load reads and merges what uris name: paths, file:PATH, env:NAME (the
// configuration itself in a variable) and yaml:TEXT; of a value that several
// set, the last wins. It returns Problems when something is wrong with the
// configuration as such; what components think of their sections is for
// Validate.
func Load(uris []string) (*Config, error) {
	src, unset, err := resolve(uris)
	if err != nil {
		return nil, err
	}
	cfg, problems := decodeAll(src)
	cfg.warnUnset(unset)
	cfg.check(&problems)
	return cfg, problems.asError()
}

// Default is the configuration of an agent that was given none: this node's
// pods into the journal and to the console.
func Default() *Config {
	cfg, err := Load([]string{schemeYAML + defaultConfig})
	if err != nil {
		panic("config: the built-in configuration is wrong: " + err.Error())
	}
	return cfg
}

const defaultConfig = `
receivers: {pods: {}}
exporters: {console: {}}
service: {pipelines: {logs: {receivers: [pods], exporters: [console]}}}
`

// layout is the document's outermost level.
type layout struct {
	Receivers  map[ID]any `mapstructure:"receivers"`
	Processors map[ID]any `mapstructure:"processors"`
	Connectors map[ID]any `mapstructure:"connectors"`
	Exporters  map[ID]any `mapstructure:"exporters"`
	Service    Service    `mapstructure:"service"`
}

func decodeAll(src *source) (*Config, Problems) {
	d := decoder{src: src}
	doc := layout{Service: DefaultService()}
	if src.conf.Get("service"+confmap.KeyDelimiter+"journal"+confmap.KeyDelimiter+"type") == InMemory {
		doc.Service.Journal.MaxSize = memorySize
	}
	if err := Decode(Section{Raw: src.conf.ToStringMap(), src: src}, &doc); err != nil {
		d.problems = err.(Problems)
	}
	cfg := &Config{Service: doc.Service, src: src}
	cfg.Receivers = d.sections("receivers", doc.Receivers)
	cfg.Processors = d.sections("processors", doc.Processors)
	cfg.Connectors = d.sections("connectors", doc.Connectors)
	cfg.Exporters = d.sections("exporters", doc.Exporters)
	for id, p := range cfg.Service.Pipelines {
		if p.Mapping == "" {
			p.Mapping = DefaultMapping
			cfg.Service.Pipelines[id] = p
		}
	}
	return cfg, d.problems
}

func (d *decoder) sections(kind string, raw map[ID]any) Sections {
	out := make(Sections, len(raw))
	for _, id := range sortedIDs(raw) {
		path := Path{kind, id.String()}
		m, ok := raw[id].(map[string]any)
		if !ok && raw[id] != nil {
			d.fail(path, "must be a mapping of keys, not %s", kindOf(raw[id]))
		}
		out[id] = Section{ID: id, Path: path, Raw: m, src: d.src}
	}
	return out
}

func (c *Config) warn(p Path, format string, args ...any) {
	c.Warnings = append(c.Warnings, c.src.problem(p, fmt.Sprintf(format, args...)))
}

func (c *Config) warnUnset(names []string) {
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c.Warnings = append(c.Warnings, Problem{Position: c.src.mention(name + "}"), Message: fmt.Sprintf(
			"the environment variable %s is not set: its value is empty; set it or write ${env:%s:-default}", name, name)})
	}
}
