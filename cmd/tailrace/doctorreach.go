package main

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/tailrace/tailrace/exporters/elasticsearch"
	rabbitmqexporter "github.com/tailrace/tailrace/exporters/rabbitmq"
	"github.com/tailrace/tailrace/internal/cluster"
	"github.com/tailrace/tailrace/internal/doctor"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/processors/kubernetes"
	"github.com/tailrace/tailrace/receivers/rabbitmq"
)

// reachTimeout is how long a server has for an answer.
const reachTimeout = 5 * time.Second

// reach asks what the pipelines depend on, with the agent's own credentials.
func (e *examination) reach(ctx context.Context) (all []doctor.Finding) {
	for _, p := range e.cfg.Service.Pipelines {
		for _, id := range p.Exporters {
			switch id.Type {
			case "elasticsearch":
				all = append(all, e.elasticsearch(ctx, id)...)
			case "rabbitmq":
				all = append(all, e.publisher(ctx, id)...)
			}
		}
		for _, id := range p.Receivers {
			if id.Type == "rabbitmq" {
				all = append(all, e.consumer(ctx, id)...)
			}
		}
		for _, id := range p.Processors {
			if id.Type == "kubernetes" {
				all = append(all, e.kubernetes(ctx, id))
			}
		}
	}
	return all
}

// elasticsearch asks each address of an exporter by itself: the agent goes on
// with one, and nobody sees that the others do not answer.
func (e *examination) elasticsearch(ctx context.Context, id config.ID) (all []doctor.Finding) {
	c := elasticsearch.DefaultConfig()
	if err := config.Decode(e.cfg.Exporters[id], &c); err != nil {
		return []doctor.Finding{doctor.Failed(id.String(), err, "tailrace validate names every mistake and its line")}
	}
	addresses := c.Endpoints
	if c.Endpoint != "" {
		addresses = []string{c.Endpoint}
	}
	if len(addresses) == 0 {
		return e.address(ctx, id, c, "the deployment")
	}
	for _, a := range addresses {
		c.Endpoint, c.Endpoints = "", []string{a}
		all = append(all, e.address(ctx, id, c, a)...)
	}
	return all
}

func (e *examination) address(ctx context.Context, id config.ID, c elasticsearch.Config, name string) []doctor.Finding {
	client, err := elasticsearch.NewClient(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return []doctor.Finding{doctor.Failed(id.String(), err, "tailrace validate names every mistake and its line")}
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	all := cluster.Reach(ctx, client, c.Pipeline, time.Now)
	for i := range all {
		all[i].Check, all[i].Says = id.String(), name+": "+all[i].Says
	}
	return all
}

// publisher asks each node of the broker that an exporter sends to.
func (e *examination) publisher(ctx context.Context, id config.ID) []doctor.Finding {
	c := rabbitmqexporter.DefaultConfig()
	if err := config.Decode(e.cfg.Exporters[id], &c); err != nil {
		return []doctor.Finding{doctor.Failed(id.String(), err, "tailrace validate names every mistake and its line")}
	}
	return broker(ctx, id, &c.Broker.Endpoints, rabbitmqexporter.CureOf, func(ctx context.Context) (string, error) {
		return rabbitmqexporter.Look(ctx, c, pipeline.NodeName(e.cfg))
	})
}

// consumer asks each node of the broker that a receiver takes messages from.
func (e *examination) consumer(ctx context.Context, id config.ID) []doctor.Finding {
	c := rabbitmq.DefaultConfig()
	if err := config.Decode(e.cfg.Receivers[id], &c); err != nil {
		return []doctor.Finding{doctor.Failed(id.String(), err, "tailrace validate names every mistake and its line")}
	}
	return broker(ctx, id, &c.Broker.Endpoints, rabbitmq.CureOf, func(ctx context.Context) (string, error) {
		return rabbitmq.Look(ctx, c)
	})
}

// broker looks at each of the addresses by itself.
func broker(ctx context.Context, id config.ID, endpoints *[]string, cureOf func(error) string, look func(context.Context) (string, error)) (all []doctor.Finding) {
	for _, address := range *endpoints {
		*endpoints = []string{address}
		ctx, cancel := context.WithTimeout(ctx, reachTimeout)
		says, err := look(ctx)
		cancel()
		f := doctor.Finding{Check: id.String(), State: doctor.OK, Says: says}
		if err != nil {
			f = doctor.Unreachable(id.String(), err)
			f.Cure = cmp.Or(cureOf(err), f.Cure)
			f.Says = strings.TrimSuffix(f.Says, "; "+f.Cure)
		}
		f.Says = address + ": " + f.Says
		all = append(all, f)
	}
	return all
}

func (e *examination) kubernetes(ctx context.Context, id config.ID) doctor.Finding {
	c := kubernetes.DefaultConfig()
	if err := config.Decode(e.cfg.Processors[id], &c); err != nil {
		return doctor.Failed(id.String(), err, "tailrace validate names every mistake and its line")
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	node := pipeline.NodeName(e.cfg)
	n, err := kubernetes.Probe(ctx, &c, node)
	switch cure := kubernetes.CureOf(err); {
	case err == nil && n == 0:
		return doctor.Finding{Check: id.String(), State: doctor.Warning, Says: "the API server knows no pod of node " + node,
			Cure: "set NODE_NAME from spec.nodeName in the pod, or service.node"}
	case err == nil:
		return doctor.Finding{Check: id.String(), State: doctor.OK, Says: "the API server answers, and knows pods of node " + node}
	case cure != "":
		return doctor.Failed(id.String(), err, cure)
	}
	return doctor.Unreachable(id.String(), err)
}
