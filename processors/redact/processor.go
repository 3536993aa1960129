package redact

import (
	"bytes"
	"log/slog"
	"sync/atomic"

	"github.com/tailrace/tailrace/pipeline/event"
)

// marker stands for what was taken out: the word of the OpenTelemetry semantic
// conventions for URLs, which is valid in URLs, in JSON strings and as a value
// of logfmt. In place of a JSON number stands null.
const (
	marker = "REDACTED"
	null   = "null"
)

// Processor replaces secrets in the lines of a lane, before they are parsed.
// All methods belong to the lane's goroutine but for Counters.
type Processor struct {
	config  Config
	log     *slog.Logger
	scanner scanner
	own     []own
	// fresh are the counts of the batch, published once per batch; both are
	// indexed by rule.
	fresh  []uint64
	counts []atomic.Uint64
	failed bool

	// sources are those that are open, and now what that of the batch gets.
	sources map[*event.Source]*source
	now     *source
	// more says that more than secrets is looked for.
	more bool
}

// source is what is known of one.
type source struct {
	// asked is what it wants, with what the configuration says.
	asked classes
	// keys are the private keys that its streams are in.
	keys [event.NumStreams]privateKey
}

// New returns a processor for a configuration that is valid, and reads its key.
// A nil logger is silent.
func New(c Config, log *slog.Logger) (*Processor, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	n := int(numRules) + len(c.Rules)
	p := &Processor{
		config: c, log: log, own: newOwn(c.Rules), fresh: make([]uint64, n), counts: make([]atomic.Uint64, n),
		sources: map[*event.Source]*source{},
	}
	p.scanner.table, p.scanner.mac = secretsTable(), newMAC(key)
	return p, nil
}

// Open takes what the source asks for: what is not understood was reported when
// it was set, and is nothing here.
func (p *Processor) Open(src *event.Source) {
	c, err := parseClasses(src.Redact)
	if err != nil {
		c = classes{}
	}
	c.cards, c.emails, c.ips = c.cards || p.config.Cards, c.emails || p.config.Emails, c.ips || p.config.IPs
	p.sources[src] = &source{asked: c}
}

// Close forgets the source.
func (p *Processor) Close(src *event.Source) { delete(p.sources, src) }

// name is what a rule is counted under.
func (p *Processor) name(r rule) string {
	if r >= numRules {
		return p.config.Rules[r-numRules].Name
	}
	return ruleNames[r]
}

// Counter is how often a rule has replaced something.
type Counter struct {
	Rule  string
	Count uint64
}

// Counters are those of all rules since the start.
func (p *Processor) Counters() []Counter {
	var all []Counter
	for r := ruleNone + 1; int(r) < len(p.counts); r++ {
		all = append(all, Counter{p.name(r), p.counts[r].Load()})
	}
	return all
}

// Process redacts the batch's lines. Ids are computed over Raw, which stays.
func (p *Processor) Process(b *event.Batch) {
	if !p.begin(b.Source) {
		return
	}
	for next := 0; next < len(b.Records); {
		next = p.process(b, next)
	}
	for r := range p.fresh {
		if p.fresh[r] > 0 {
			p.counts[r].Add(p.fresh[r])
			p.fresh[r] = 0
		}
	}
}

// begin finds out what is wanted for a source, and whether that is anything.
func (p *Processor) begin(src *event.Source) bool {
	if p.sources[src] == nil {
		p.Open(src)
	}
	p.now = p.sources[src]
	p.more = p.now.asked != classes{} || len(p.own) > 0
	return p.config.Secrets || p.more
}

// process redacts from record i on and returns where to go on: behind the last
// record, or behind one at which looking for secrets panicked. That line is
// replaced whole: nobody knows what is in it.
func (p *Processor) process(b *event.Batch, i int) (next int) {
	defer func() {
		if cause := recover(); cause != nil {
			p.fail(b, i, cause)
			next = i + 1
		}
	}()
	for ; i < len(b.Records); i++ {
		r := &b.Records[i]
		p.find(b.Bytes(r.Line), r)
		if len(p.scanner.matches) > 0 {
			r.Line = p.replace(b, r.Line)
		}
	}
	return i
}

func (p *Processor) fail(b *event.Batch, i int, cause any) {
	b.Records[i].Line = b.Append([]byte(marker))
	p.fresh[ruleFailed]++
	if p.failed {
		return
	}
	p.failed = true
	p.log.Error("looking for secrets in a line panicked; such lines are replaced whole, please report this",
		"container", b.Source.Container, "panic", cause)
}

// find notes what is to be replaced in a line: nothing in most, which is clear
// before anything else is known of them.
func (p *Processor) find(text []byte, r *event.Record) {
	s := &p.scanner
	s.matches = s.matches[:0]
	if key := &p.now.keys[r.Stream]; key.left > 0 && key.next(s, text) {
		return
	}
	var rest []byte
	at := -1
	if p.config.Secrets {
		rest, at = s.suspect(text), bytes.IndexByte(text, '@')
	}
	if rest == nil && at < 0 && !p.more {
		return
	}
	s.begin(text, r.Flags&event.Truncated != 0)
	s.secrets(rest)
	s.userinfo(at)
	if s.keyOpen {
		p.now.keys[r.Stream].left = maxKeyLines
	}
	if p.now.asked != (classes{}) {
		s.personal(p.now.asked)
	}
	for i := range p.own {
		p.own[i].find(s)
	}
	if len(s.matches) > 1 {
		s.settle()
	}
}

// mayBeObject reports whether text begins as a JSON object does.
func mayBeObject(text []byte) bool {
	for _, c := range text {
		if !space.has(c) {
			return c == '{'
		}
	}
	return false
}

// replace appends the line without its secrets to the arena.
func (p *Processor) replace(b *event.Batch, line event.Span) event.Span {
	at, from := len(b.Data), line.Off
	for _, m := range p.scanner.matches {
		b.Data = append(b.Data, b.Data[from:line.Off+uint32(m.from)]...)
		switch {
		case m.number:
			b.Data = append(b.Data, null...)
		case m.by != word{}:
			b.Data = append(b.Data, p.scanner.pseudonyms[m.by.from:m.by.to]...)
		default:
			b.Data = append(b.Data, marker...)
		}
		from = line.Off + uint32(m.to)
		p.fresh[m.rule]++
	}
	b.Data = append(b.Data, b.Data[from:line.End()]...)
	return event.Span{Off: uint32(at), Len: uint32(len(b.Data) - at)}
}

// Replaced is what was taken out of one line.
type Replaced struct {
	Rule string
	// Column is where it began in the line, counted from 1.
	Column int
}

// Explain redacts record i of b and says what was taken out.
func (p *Processor) Explain(b *event.Batch, i int) []Replaced {
	r := &b.Records[i]
	if !p.begin(b.Source) {
		return nil
	}
	p.find(b.Bytes(r.Line), r)
	var all []Replaced
	for _, m := range p.scanner.matches {
		all = append(all, Replaced{p.name(m.rule), m.from + 1})
	}
	if len(all) > 0 {
		r.Line = p.replace(b, r.Line)
	}
	return all
}
