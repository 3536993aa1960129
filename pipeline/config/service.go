package config

import (
	"fmt"
	"path/filepath"
	"time"
	// Images without a zone database know the zones too.
	_ "time/tzdata"

	"github.com/tailrace/tailrace/pipeline/lineformat"
)

// Service is the part of a configuration that is about the agent itself.
type Service struct {
	Node      string                           `mapstructure:"node" doc:"Name of this node: part of every event's id and of its resource. Empty: the environment variable NODE_NAME, else the host name."`
	Lanes     int                              `mapstructure:"lanes" doc:"Goroutines that read, parse and encode; more than one on nodes that write more than one core can take."`
	Timezone  string                           `mapstructure:"timezone" doc:"Zone of times in lines that name none: a name such as Europe/Berlin, or Local for the node's. Such a time is then believed. Empty: UTC, and a time that the container runtime gave comes before it."`
	Formats   map[string]lineformat.Definition `mapstructure:"formats" doc:"Formats of lines of your own, by name: what format of the receiver files, the annotation tailrace.io/format and tailrace parse --format may be beside the built-in ones (docs/formats.md)."`
	Limits    Limits                           `mapstructure:"limits"`
	Deleted   Deleted                          `mapstructure:"deleted"`
	Routes    []Route                          `mapstructure:"routes" doc:"Which frame class logs get, chosen when a file is opened and again when what is known of its pod changes. The first route that matches decides; at most 16 classes with the class default."`
	Journal   Journal                          `mapstructure:"journal"`
	Telemetry Telemetry                        `mapstructure:"telemetry"`
	Pipelines map[ID]Pipeline                  `mapstructure:"pipelines" doc:"What goes where: one entry for each pipeline, named logs or logs/NAME."`
}

// Limits are how fast log files are read.
type Limits struct {
	Pod        ByteSize            `mapstructure:"pod" doc:"Bytes per second that are read of all log files of a pod together, and of each file of the receiver files; 0 for no limit. What is more is read later and never dropped: it waits in its file."`
	Namespace  ByteSize            `mapstructure:"namespace" doc:"Bytes per second of all pods of a namespace together; 0 for no limit. It holds beside that of each pod."`
	Namespaces map[string]ByteSize `mapstructure:"namespaces" doc:"Namespaces that have another limit than namespace, by name; 0 for none."`
	Burst      time.Duration       `mapstructure:"burst" doc:"For how long an unused limit is saved up: after a quiet time, so many seconds' worth is read at once."`
}

// Deleted bounds what deleted log files hold of the node while they wait to be
// read.
type Deleted struct {
	MaxSize  ByteSize `mapstructure:"max_size" doc:"Bytes of deleted log files that are kept open until they are read. Beyond it the oldest file of the container with most of them is given up, and what is unread of it counted as lost."`
	MaxFiles int      `mapstructure:"max_files" doc:"The same as a number of files; at most half of those that may be open."`
}

// Journal says where events are kept and for how long.
type Journal struct {
	Type      string        `mapstructure:"type" doc:"Where events wait for the exporters: disk, or memory (for gateways and read-only nodes, with a weaker promise: docs/memory-journal.md)."`
	Directory string        `mapstructure:"directory" doc:"Directory of the journal, the checkpoints and the dead-letter store. One agent owns it. With type memory it holds no journal, and may be empty for none."`
	MaxSize   ByteSize      `mapstructure:"max_size" doc:"Bytes of all segments together; with type memory of the frames in memory, and 64MiB by default. Delivered segments are deleted first; then on_full of each exporter decides."`
	MaxAge    time.Duration `mapstructure:"max_age" doc:"How long delivered events stay on the node to be searched. On disk only."`
	MinFree   Percent       `mapstructure:"min_free" doc:"Share of the file system that stays free: the journal shrinks, then stops, before it causes disk pressure. On disk only."`
	Flush     Flush         `mapstructure:"flush"`
	// DeadLetter and Park are beside the journal proper.
	DeadLetter Store `mapstructure:"dead_letter"`
	Park       Store `mapstructure:"park"`
}

// Store bounds a place for documents that a backend refused.
type Store struct {
	MaxSize ByteSize `mapstructure:"max_size" doc:"Disk space that is taken at the start and kept, outside the journal's max_size."`
	OnFull  string   `mapstructure:"on_full" doc:"When it is used up: drop_oldest gives up the oldest documents of whoever has most in it, counted as lost; block holds the exporter."`
}

// Flush says when a frame is sealed and made durable.
type Flush struct {
	Interval time.Duration `mapstructure:"interval" doc:"Greatest age of a frame before it is written and fsynced."`
	Bytes    ByteSize      `mapstructure:"bytes" doc:"Size of a frame before compression at which it is written without waiting."`
}

// Telemetry is what the agent says about itself.
type Telemetry struct {
	Logs    Logs    `mapstructure:"logs"`
	Metrics Metrics `mapstructure:"metrics"`
}

// Logs are the agent's own logs, on standard error.
type Logs struct {
	Level    string `mapstructure:"level" doc:"Least level that is written: debug, info, warn or error."`
	Encoding string `mapstructure:"encoding" doc:"console (for people) or json."`
}

// Metrics is the agent's own endpoint.
type Metrics struct {
	Address string `mapstructure:"address" doc:"Address of /metrics, /healthz and /readyz, \"host:port\"; empty for none."`
	Pprof   bool   `mapstructure:"pprof" doc:"Serve Go profiles under /debug/pprof/ on the same address."`
}

// Pipeline joins receivers to exporters. Its mapping is the form of its
// documents, since they are encoded before they reach the exporters.
type Pipeline struct {
	Receivers  []ID   `mapstructure:"receivers" doc:"Where its events come from; a receiver is in exactly one logs pipeline."`
	Processors []ID   `mapstructure:"processors" doc:"What is done to them, in this order."`
	Exporters  []ID   `mapstructure:"exporters" doc:"Where they go; each has a cursor of its own. With none they stay in the journal."`
	Mapping    string `mapstructure:"mapping" doc:"Form of the documents: otel (the structure of OpenTelemetry) or ecs (fields of the Elastic Common Schema); docs/elasticsearch.md compares them."`
}

// Where a journal lives.
const (
	OnDisk   = "disk"
	InMemory = "memory"
)

// memorySize is how much a journal in memory holds unless the configuration
// says otherwise: minutes of an ordinary node's logs, compressed.
const memorySize = 64 * MiB

// DefaultService are the values that a configuration need not write.
func DefaultService() Service {
	return Service{
		Lanes:   1,
		Limits:  Limits{Burst: time.Second},
		Deleted: Deleted{MaxSize: GiB, MaxFiles: 1024},
		Journal: Journal{
			Type:       OnDisk,
			Directory:  "/var/lib/tailrace",
			MaxSize:    10 * GiB,
			MaxAge:     24 * time.Hour,
			MinFree:    15,
			Flush:      Flush{Interval: 200 * time.Millisecond, Bytes: 4 * MiB},
			DeadLetter: Store{MaxSize: 64 * MiB, OnFull: DropOldest},
			Park:       Store{MaxSize: 64 * MiB, OnFull: DropOldest},
		},
		Telemetry: Telemetry{
			Logs:    Logs{Level: "info", Encoding: "console"},
			Metrics: Metrics{Address: "localhost:9464"},
		},
	}
}

// What a full Store does.
const (
	DropOldest = "drop_oldest"
	Block      = "block"
)

// DefaultMapping is the mapping of a pipeline that names none.
const DefaultMapping = "otel"

// limits of values that are the right type and still cannot work.
const (
	maxLanes         = 64
	minLimit         = 1 * KiB
	minBurst         = time.Second
	maxBurst         = time.Hour
	minFlushInterval = time.Millisecond
	maxFlushInterval = time.Minute
	minFlushBytes    = 16 * KiB
	maxFlushBytes    = 64 * MiB
	minJournalSize   = 16 * MiB
	minStoreSize     = 1 * MiB
)

// Location is the zone of times that name none, nil when none is configured.
func (s *Service) Location() (*time.Location, error) {
	if s.Timezone == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return nil, fmt.Errorf("there is no time zone %q: write a name of the IANA database such as Europe/Berlin, UTC or Local", s.Timezone)
	}
	return zone, nil
}

// check yields what is wrong with the values, by key below "service".
func (s *Service) check(wrong func(message string, key ...string)) {
	if s.Lanes < 1 || s.Lanes > maxLanes {
		wrong(fmt.Sprintf("must be from 1 to %d, not %d", maxLanes, s.Lanes), "lanes")
	}
	if _, err := s.Location(); err != nil {
		wrong(err.Error(), "timezone")
	}
	s.Limits.check(func(message string, key ...string) { wrong(message, append([]string{"limits"}, key...)...) })
	if s.Deleted.MaxSize < MiB {
		wrong(fmt.Sprintf("must be at least %s, not %s", MiB, s.Deleted.MaxSize), "deleted", "max_size")
	}
	if s.Deleted.MaxFiles < 1 {
		wrong(fmt.Sprintf("must be at least 1, not %d", s.Deleted.MaxFiles), "deleted", "max_files")
	}
	s.checkRoutes(wrong)
	s.Journal.check(func(message string, key ...string) { wrong(message, append([]string{"journal"}, key...)...) })
	oneOf(wrong, s.Telemetry.Logs.Level, []string{"debug", "info", "warn", "error"}, "telemetry", "logs", "level")
	oneOf(wrong, s.Telemetry.Logs.Encoding, []string{"console", "json"}, "telemetry", "logs", "encoding")
	checkAddress(wrong, s.Telemetry.Metrics.Address, "telemetry", "metrics", "address")
}

func (l *Limits) check(wrong func(message string, key ...string)) {
	atLeast := func(limit ByteSize, key ...string) {
		if limit != 0 && limit < minLimit {
			wrong(fmt.Sprintf("must be at least %s per second, or 0 for no limit, not %s", minLimit, limit), key...)
		}
	}
	atLeast(l.Pod, "pod")
	atLeast(l.Namespace, "namespace")
	for name, limit := range l.Namespaces {
		atLeast(limit, "namespaces", name)
	}
	if l.Burst < minBurst || l.Burst > maxBurst {
		wrong(fmt.Sprintf("must be from %s to %s, not %s", shortDuration(minBurst), shortDuration(maxBurst), shortDuration(l.Burst)), "burst")
	}
}

func (j *Journal) check(wrong func(message string, key ...string)) {
	oneOf(wrong, j.Type, []string{OnDisk, InMemory}, "type")
	if !filepath.IsAbs(j.Directory) && (j.Directory != "" || j.Type == OnDisk) {
		wrong(fmt.Sprintf("must be an absolute path, not %q", j.Directory), "directory")
	}
	if j.MaxSize < minJournalSize {
		wrong(fmt.Sprintf("must be at least %s, not %s", minJournalSize, j.MaxSize), "max_size")
	}
	if j.MaxAge <= 0 {
		wrong("must be longer than 0", "max_age")
	}
	if j.MinFree > 95 {
		wrong(fmt.Sprintf("must be at most 95%%, not %s: the journal could never be written", j.MinFree), "min_free")
	}
	j.Flush.check(wrong)
	j.DeadLetter.check(wrong, "dead_letter")
	j.Park.check(wrong, "park")
}

func (s *Store) check(wrong func(message string, key ...string), name string) {
	if s.MaxSize < minStoreSize {
		wrong(fmt.Sprintf("must be at least %s, not %s", minStoreSize, s.MaxSize), name, "max_size")
	}
	oneOf(wrong, s.OnFull, []string{DropOldest, Block}, name, "on_full")
}

func (f *Flush) check(wrong func(message string, key ...string)) {
	if f.Interval < minFlushInterval || f.Interval > maxFlushInterval {
		wrong(fmt.Sprintf("must be from %s to %s, not %s", shortDuration(minFlushInterval), shortDuration(maxFlushInterval), shortDuration(f.Interval)), "flush", "interval")
	}
	if f.Bytes < minFlushBytes || f.Bytes > maxFlushBytes {
		wrong(fmt.Sprintf("must be from %s to %s, not %s", minFlushBytes, maxFlushBytes, f.Bytes), "flush", "bytes")
	}
}
