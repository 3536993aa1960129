// Package parse turns the lines of a batch into events: it finds out which
// format a container writes, and takes time, severity, message, trace context
// and attributes from each line. A line that nothing explains stays as it is,
// with a reason; no line is ever refused.
package parse

import (
	"log/slog"
	"sync"
	"time"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Options are what a Parser needs from outside.
type Options struct {
	// Location is the zone of times that name none. Nil means UTC as a guess,
	// before which the runtime's stamp counts.
	Location *time.Location
	// Custom are the formats that the configuration defines.
	Custom Custom
	// Logger hears of parsers that panicked; nil means silence.
	Logger *slog.Logger
}

// Parser is the processor of one lane. All methods belong to the lane's
// goroutine but for Counters and Containers.
type Parser struct {
	// zone is that of the sources that have none of their own, nil for a guess.
	zone *time.Location
	// custom are the formats that the configuration defines.
	custom   Custom
	log      *slog.Logger
	counters counters
	// lines are the counts of the batch so far, published once per batch.
	lines [maxFormats]uint64
	line  line

	sources map[*event.Source]*source
	layouts map[layoutKey]*layout
	// current is the source of the last batch, so that the usual batch finds
	// it without a look-up.
	current    *source
	currentSrc *event.Source

	mu         sync.Mutex
	containers map[string]*container
	closed     []*container
}

// source is what the parser keeps of an open file.
type source struct {
	container *container
	// candidates are the formats that an explicit choice allows; nil means
	// detection.
	candidates []uint8
	reserved   reserved
	// zone is that of times which name none, nil for a guess.
	zone *time.Location
	// apache says that the source is known to be Apache's.
	apache bool
	// layout is what its lines look like, if the configuration says so.
	layout *layout
	// custom is the format of its lines, if the configuration defines it.
	custom *custom
}

// New returns a parser for one lane.
func New(o Options) *Parser {
	p := &Parser{zone: o.Location, custom: o.Custom, log: o.Logger, sources: map[*event.Source]*source{}, layouts: map[layoutKey]*layout{}, containers: map[string]*container{}}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.line.p = p
	p.line.clock.setZone(p.zone)
	p.line.scanner, p.line.inner = new(strictjson.Scanner), new(strictjson.Scanner)
	return p
}

// Open prepares for the batches of src. What is known of its container's
// formats is taken over, so that a rotation changes nothing.
func (p *Parser) Open(src *event.Source) {
	s := &source{candidates: explicit(src.Format), reserved: reservedOf(src), apache: ofApache(src), zone: p.zoneOf(src)}
	if s.layout = p.layoutOf(src.Format, src.LogFormat); s.layout != nil {
		s.candidates = givenCandidates(s.layout)
	} else if traefikFields(src.LogFormat) {
		s.candidates = explicit("traefik")
	} else if s.custom = p.custom[src.Format]; s.custom != nil {
		s.candidates = []uint8{formatCustom}
	}
	s.container = p.acquire(src)
	p.sources[src] = s
}

// Close forgets src; its container is remembered for a while.
func (p *Parser) Close(src *event.Source) {
	s := p.sources[src]
	if s == nil {
		return
	}
	delete(p.sources, src)
	if p.currentSrc == src {
		p.current, p.currentSrc = nil, nil
	}
	p.release(s.container)
}

// Process parses the batch's records in place. A panic in a format's parser
// costs its container the parsing, never a line: the record at fault and all
// later ones of that container stay raw.
func (p *Parser) Process(b *event.Batch) {
	s := p.sourceOf(b.Source)
	p.line.b, p.line.src = b, s
	for next := 0; next < len(b.Records); {
		next = p.process(b, s, next)
	}
	for f := range formats {
		if p.lines[f] > 0 {
			p.counters.lines[f].Add(p.lines[f])
			p.lines[f] = 0
		}
	}
}

func (p *Parser) sourceOf(src *event.Source) *source {
	if p.currentSrc != src {
		if p.sources[src] == nil {
			p.Open(src)
		}
		p.current, p.currentSrc = p.sources[src], src
		p.line.clock.setZone(p.current.zone)
	}
	return p.current
}

// process parses from record i on and returns where to go on: behind the last
// record, or behind one whose parser panicked. The recovery is here, once per
// batch, so that lines do not pay for it.
func (p *Parser) process(b *event.Batch, s *source, i int) (next int) {
	l := &p.line
	defer func() {
		if cause := recover(); cause != nil {
			p.quarantine(s, cause)
			l.undo()
			l.raw(reasonPanic)
			next = i + 1
		}
	}()
	for ; i < len(b.Records); i++ {
		r := &b.Records[i]
		if r.Flags&event.Dropped != 0 {
			continue
		}
		l.start(r)
		l.parse(&s.container.streams[r.Stream])
		if r.Lines > 1 {
			l.joined()
		}
		if r.Time == 0 {
			r.Time = r.Observed
		}
		r.Fields = uint32(len(l.own()))
	}
	return i
}

// quarantine ends the parsing of a container whose lines make a parser panic.
func (p *Parser) quarantine(s *source, cause any) {
	s.container.quarantined.Store(true)
	p.log.Error("a parser panicked; the container's lines go on unparsed until the agent restarts, please report this",
		"container", s.container.name, "format", formats[p.line.trying].name, "panic", cause)
}
