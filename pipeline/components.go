package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tailrace/tailrace/exporters/console"
	"github.com/tailrace/tailrace/exporters/elasticsearch"
	rabbitmqexporter "github.com/tailrace/tailrace/exporters/rabbitmq"
	"github.com/tailrace/tailrace/internal/owner"
	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/encode"
	"github.com/tailrace/tailrace/pipeline/message"
	"github.com/tailrace/tailrace/pipeline/shipping"
	"github.com/tailrace/tailrace/processors/filter"
	"github.com/tailrace/tailrace/processors/kubernetes"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
	"github.com/tailrace/tailrace/processors/resource"
	"github.com/tailrace/tailrace/receivers/files"
	"github.com/tailrace/tailrace/receivers/pods"
	"github.com/tailrace/tailrace/receivers/rabbitmq"
)

// Kinds is the list of components that a configuration can name.
func Kinds() config.Kinds {
	return config.Kinds{
		Receivers: map[string]func() any{
			"pods":       defaults(pods.DefaultConfig),
			"files":      defaults(defaultFiles),
			rabbitmqType: defaults(rabbitmq.DefaultConfig),
		},
		Processors: map[string]func() any{
			"resource":     defaults(resource.DefaultConfig),
			kubernetesType: defaults(kubernetes.DefaultConfig),
			"filter":       defaults(filter.DefaultConfig),
			redactType:     defaults(redact.DefaultConfig),
		},
		Exporters: map[string]func() any{
			"elasticsearch": defaults(elasticsearch.DefaultConfig),
			rabbitmqType:    defaults(rabbitmqexporter.DefaultConfig),
			"console":       defaults(console.DefaultConfig),
		},
		Format: parse.CheckDefinition,
	}
}

func defaults[C any](make func() C) func() any {
	return func() any { c := make(); return &c }
}

// filesConfig is the receiver's configuration with a check that it cannot make
// itself: components do not know each other.
type filesConfig struct {
	files.Config `mapstructure:",squash"`
}

func defaultFiles() filesConfig { return filesConfig{files.DefaultConfig()} }

// ValidateIn checks the name of the format, the layout and the zone too.
func (c *filesConfig) ValidateIn(s *config.Service) error {
	all := []error{c.Config.Validate()}
	for _, key := range []struct {
		name string
		err  error
	}{
		{"format", parse.CheckFormat(c.Format, slices.Collect(maps.Keys(s.Formats))...)},
		{"log_format", parse.CheckLayout(c.Format, c.LogFormat)},
		{"timezone", parse.CheckZone(c.Timezone)},
	} {
		if key.err != nil {
			all = append(all, fmt.Errorf("%s: %w", key.name, key.err))
		}
	}
	return errors.Join(all...)
}

// newReceiver makes what finds the files of a receiver.
func (a *Agent) newReceiver(id config.ID) (tail.Provider, error) {
	section := a.cfg.Receivers[id]
	switch id.Type {
	case "pods":
		return build(section, pods.DefaultConfig(), func(c pods.Config) (tail.Provider, error) {
			o := pods.FromEnvironment(a.started)
			o.Node = cmp.Or(a.cfg.Service.Node, o.Node)
			return pods.New(c, o)
		})
	case "files":
		return build(section, defaultFiles(), func(c filesConfig) (tail.Provider, error) {
			return files.New(c.Config, files.Options{Host: a.node, Now: a.started})
		})
	}
	return nil, fmt.Errorf("receiver %s: there is no such type", id)
}

// newProcessor makes a lane's instance of a processor.
func (a *Agent) newProcessor(id config.ID) (Processor, error) {
	section := a.cfg.Processors[id]
	switch id.Type {
	case "resource":
		return build(section, resource.DefaultConfig(), func(c resource.Config) (Processor, error) {
			return resource.New(c)
		})
	case kubernetesType:
		return a.newMetadataProcessor()
	case "filter":
		return build(section, filter.DefaultConfig(), func(c filter.Config) (Processor, error) {
			return filter.New(c)
		})
	}
	return nil, fmt.Errorf("processor %s: there is no such type", id)
}

// exporter is an exporter with what the shipping loop must know of it.
type exporter struct {
	shipping.Exporter
	options shipping.Options
}

// newExporter makes an exporter.
func (a *Agent) newExporter(id config.ID) (exporter, error) {
	section := a.cfg.Exporters[id]
	switch id.Type {
	case "elasticsearch":
		return build(section, elasticsearch.DefaultConfig(), func(c elasticsearch.Config) (exporter, error) {
			e, err := elasticsearch.New(c, a.log.With("exporter", id.String()))
			o := c.Shipping()
			o.Rewrite = encode.Flatten
			return exporter{e, o}, err
		})
	case rabbitmqType:
		return build(section, rabbitmqexporter.DefaultConfig(), func(c rabbitmqexporter.Config) (exporter, error) {
			e, err := rabbitmqexporter.New(c, a.origin(), a.log.With("exporter", id.String()))
			return exporter{e, c.Shipping()}, err
		})
	case "console":
		return build(section, console.DefaultConfig(), func(c console.Config) (exporter, error) {
			e, err := console.New(c, a.opts.Stdout)
			return exporter{e, c.Shipping()}, err
		})
	}
	return exporter{}, fmt.Errorf("exporter %s: there is no such type", id)
}

// origin names this agent's frames to who receives them. The numbers of a
// journal in memory, and those of frames that are sent again apart from the
// agent, are given anew by each process, which makes it an origin of its own.
func (a *Agent) origin() message.Origin {
	id := a.owner.ID
	if id == "" || a.inMemory() {
		id = owner.NewID()
	}
	return message.Origin{Journal: id, Node: cmp.Or(a.node, NodeName(a.cfg))}
}

// build decodes a component's section over its defaults and makes it.
func build[C, T any](s config.Section, c C, make func(C) (T, error)) (T, error) {
	var none T
	if err := config.Decode(s, &c); err != nil {
		return none, err
	}
	return make(c)
}
