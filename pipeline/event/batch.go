// Package event holds the form in which log events travel through a lane:
// the bytes of many lines of one file in one arena, and small structs with
// offsets into it. Nothing in it allocates per line in steady state.
package event

// Span is a range of a Batch's Data. The zero Span is empty.
type Span struct{ Off, Len uint32 }

// End is the offset of the first byte behind the span.
func (s Span) End() uint32 { return s.Off + s.Len }

// Stream is the standard stream that a container wrote a line to.
type Stream uint8

// The streams. Files that are not container logs have StreamNone.
const (
	StreamNone Stream = iota
	Stdout
	Stderr
	NumStreams
)

// String is the stream's name in a CRI line and in log.iostream.
func (s Stream) String() string {
	switch s {
	case Stdout:
		return "stdout"
	case Stderr:
		return "stderr"
	default:
		return ""
	}
}

// Flags say what is unusual about a record.
type Flags uint8

const (
	// Truncated marks the head of a line that was longer than the cap.
	Truncated Flags = 1 << iota
	// Continuation marks the late rest of a line whose beginning was
	// recorded after a silence.
	Continuation
	// Malformed marks a line that the container runtime's format could not
	// explain; Line is then the whole raw line.
	Malformed
	// Dropped marks a record that a rule of the user's removed: it leaves no
	// document and is counted.
	Dropped
	// Escape marks a body that is not valid UTF-8.
	Escape
)

// Record is one event: usually one line, more when pieces were joined.
type Record struct {
	// Raw is what the record's id is computed over: the line as it stands in
	// the file, without the newline. Of joined pieces it is what the runtime
	// wrote around the first and the content of all.
	Raw Span
	// Line is what the application wrote, without the newline.
	Line Span
	// Start and End are the record's first byte and the first byte behind it,
	// in bytes of the uncompressed file that it begins in and ends in.
	Start, End int64
	// Lines counts the lines of the file that the record was made of.
	Lines uint32

	Stream Stream
	Flags  Flags

	// Time is when it happened, Observed when it was read: nanoseconds since
	// the Unix epoch. The reader sets Time to the container runtime's stamp
	// (0 when there is none), the parser to the application's when it is sane.
	Time, Observed int64

	// Severity is the OpenTelemetry severity number, 0 when unknown;
	// SeverityText the level as the application spelled it.
	Severity     uint8
	SeverityText Value

	// TraceID and SpanID are all zero when the line carries none.
	TraceID    [16]byte
	SpanID     [8]byte
	TraceFlags uint8
	HasFlags   bool

	// RequestID is an id that search should find beside the trace id.
	RequestID Span

	// Body is the message. KindNone means: the whole Line as text.
	Body Value
	// Dataset overrides the source's dataset, such as "nginx.access". A
	// constant, empty in most records.
	Dataset string
	// Format is the index of the format that explained the line; it is the
	// parser's own, and read by its counters.
	Format uint8
	// Reason says why the line was not understood, a constant; empty when it was.
	Reason string
	// Rule is the index of the rule that dropped it, when Flags has Dropped.
	Rule uint16

	// First and Fields are the record's attributes: Batch.Fields[First:First+Fields].
	First, Fields uint32
}

// Kind says how a Value is held.
type Kind uint8

const (
	// KindNone is an absent value.
	KindNone Kind = iota
	// KindText is raw bytes in Data: the encoder escapes them as a JSON string.
	KindText
	// KindJSON is a valid JSON value in Data, copied as it is (strings with
	// their quotes).
	KindJSON
	// KindInt is the number Num.
	KindInt
	// KindConst is the constant string Const; the encoder escapes it.
	KindConst
	// KindTextArray is an array of the one string in Data.
	KindTextArray
	// KindMembers is a run of valid JSON members ("k":v,"k2":v2) in Data,
	// copied as they are; only a Field has it, without a name.
	KindMembers
	// KindBool is true when Num is not 0.
	KindBool
)

// Value is a piece of an event, most often a span of the batch's Data.
type Value struct {
	Kind  Kind
	Span  Span
	Num   int64
	Const string
}

// Text is a value of raw bytes, JSON one of ready JSON.
func Text(s Span) Value { return Value{Kind: KindText, Span: s} }

// JSON is a value that is copied as it stands: valid JSON.
func JSON(s Span) Value { return Value{Kind: KindJSON, Span: s} }

// Int is a number.
func Int(n int64) Value { return Value{Kind: KindInt, Num: n} }

// Const is a string known when the program was built.
func Const(s string) Value { return Value{Kind: KindConst, Const: s} }

// Field is one attribute. Its name is Name when that is set, else the bytes
// of Key: a valid, escaped JSON string without its quotes.
type Field struct {
	Name  string
	Key   Span
	Value Value
}

// Batch is what a lane works on: records of one source. It is owned by the
// lane and reset for the next batch; nothing may keep a slice of it.
type Batch struct {
	Source *Source
	// MaybeSeen says that the records may have been delivered before.
	MaybeSeen bool
	// Data is the arena. Whoever appends to it (joined pieces, unescaped or
	// rewritten values) must use the span of what was appended, since the
	// array may move.
	Data    []byte
	Records []Record
	Fields  []Field
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset(src *Source) {
	b.Source, b.MaybeSeen = src, src != nil && src.MaybeSeen
	b.Data, b.Records, b.Fields = b.Data[:0], b.Records[:0], b.Fields[:0]
}

// Bytes is the part of the arena that s names, valid until the next append.
func (b *Batch) Bytes(s Span) []byte { return b.Data[s.Off : s.Off+s.Len : s.Off+s.Len] }

// Append copies p to the arena.
func (b *Batch) Append(p []byte) Span {
	s := Span{uint32(len(b.Data)), uint32(len(p))}
	b.Data = append(b.Data, p...)
	return s
}

// AddField gives attribute f to r, which must be the record whose fields were
// added last: a record's fields lie side by side.
func (b *Batch) AddField(r *Record, f Field) {
	if r.Fields == 0 {
		r.First = uint32(len(b.Fields))
	}
	b.Fields = append(b.Fields, f)
	r.Fields++
}

// FieldsOf are r's attributes.
func (b *Batch) FieldsOf(r *Record) []Field { return b.Fields[r.First : r.First+r.Fields] }
