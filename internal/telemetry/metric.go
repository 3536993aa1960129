package telemetry

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metric describes one metric of the agent. Values are not kept in it: they
// are read from the parts' own figures when Prometheus asks.
type Metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// Counter describes a figure that only rises; its name ends in _total.
func Counter(name, help string, labels ...string) *Metric {
	return &Metric{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

// Gauge describes a figure that rises and falls.
func Gauge(name, help string, labels ...string) *Metric {
	return &Metric{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

// Histogram describes a distribution.
func Histogram(name, help string, labels ...string) *Metric {
	return &Metric{prometheus.NewDesc(name, help, labels, nil), prometheus.UntypedValue}
}

// Distribution is what a histogram has seen: Buckets counts, by upper bound,
// the values at or under it.
type Distribution struct {
	Count   uint64
	Sum     float64
	Buckets map[float64]uint64
}

// Emit takes the values of one scrape.
type Emit struct{ out chan<- prometheus.Metric }

// Value gives m's value for the label values, in the order of its labels.
func (e Emit) Value(m *Metric, value float64, labels ...string) {
	metric, err := prometheus.NewConstMetric(m.desc, m.kind, value, clean(labels)...)
	e.send(m, metric, err)
}

// Distribution gives histogram m's values for the label values.
func (e Emit) Distribution(m *Metric, d Distribution, labels ...string) {
	metric, err := prometheus.NewConstHistogram(m.desc, d.Count, d.Sum, d.Buckets, clean(labels)...)
	e.send(m, metric, err)
}

func (e Emit) send(m *Metric, metric prometheus.Metric, err error) {
	if err != nil {
		metric = prometheus.NewInvalidMetric(m.desc, err)
	}
	e.out <- metric
}

// clean makes label values valid: they may come from directory names, and one
// that is not UTF-8 must not spoil the scrape.
func clean(labels []string) []string {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "\uFFFD")
	}
	return labels
}

// Collector makes a collector of metrics whose values collect reads anew at
// every scrape. It is called from several goroutines.
func Collector(collect func(Emit)) prometheus.Collector { return collector(collect) }

type collector func(Emit)

// Describe implements prometheus.Collector. It names no metrics, which makes
// the collector an unchecked one: what it emits is checked at each scrape.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) { c(Emit{out}) }

// NewRegistry is a registry with what every Go process says about itself and
// tailrace_build_info.
func NewRegistry(version string) *prometheus.Registry {
	info := Gauge("tailrace_build_info", "A constant 1, with the version as a label.", "version")
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		Collector(func(e Emit) { e.Value(info, 1, version) }),
	)
	return reg
}
