package frame

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/tailrace/tailrace/pipeline/event"
)

// build writes n documents of different sizes and returns their plain bytes.
func build(b *Builder, n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	c := NewChunk([]byte(`"resource":{"attributes":{"k8s.pod.name":"cart"}},`))
	var plain []byte
	put := func(write func([]byte), p []byte) {
		write(p)
		plain = append(plain, p...)
	}
	for i := range n {
		put(b.Var, []byte(`{"create":{"_index":"logs-generic.otel-default","_id":"`))
		put(b.Lit, fmt.Appendf(nil, `%016x"}}`+"\n{", r.Uint64()))
		put(func([]byte) { b.Const(c) }, c.Bytes())
		put(b.LitX, fmt.Appendf(nil, `"@timestamp":%d,`, i))
		put(b.Var, []byte(`"body":"`+strings.Repeat("x", int(r.ExpFloat64()*100))+"\"}\n"))
		b.EndDoc(1+uint32(i%3), int64(1000-i))
		b.AddTerm(TermHash(fmt.Append(nil, i/2)))
	}
	return plain
}

func TestFrameRoundTrip(t *testing.T) {
	for _, level := range []int{1, 6} {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) { roundTrips(t, NewBuilder(level)) })
	}
}

func roundTrips(t *testing.T, b *Builder) {
	for _, docs := range []int{0, 1, 20, 3000, 3} {
		t.Run(fmt.Sprint(docs, " documents"), func(t *testing.T) {
			plain := build(b, docs, uint64(docs))
			if b.Size() != len(plain) || b.Docs() != docs {
				t.Errorf("Size %d, Docs %d; want %d, %d", b.Size(), b.Docs(), len(plain), docs)
			}
			s := b.Seal(Meta{Class: "default", Seq: 5})
			if err := Verify(s.Payload, &s.Meta); err != nil {
				t.Fatal(err)
			}
			got, err := Inflate([]byte("before"), s.Payload, &s.Meta)
			if err != nil || !bytes.Equal(got, append([]byte("before"), plain...)) {
				t.Fatalf("Inflate: %v, %d bytes of %d", err, len(got), len(plain))
			}
			checkDocuments(t, plain, docs)
			checkMember(t, s, plain)
			s.Release()
		})
	}
}

func checkDocuments(t *testing.T, plain []byte, docs int) {
	t.Helper()
	n := 0
	for i, d := range Documents(plain) {
		if i != n || !bytes.HasPrefix(d.Action, []byte(`{"create"`)) || !bytes.HasSuffix(d.Source, []byte(`"}`)) {
			t.Fatalf("document %d: %q %q", i, d.Action, d.Source)
		}
		n++
	}
	if n != docs {
		t.Errorf("%d documents, want %d", n, docs)
	}
}

// checkMember reads the frame as others do: on disk with its own header, on
// the wire with the plain one, several members one after the other.
func checkMember(t *testing.T, s *Sealed, plain []byte) {
	t.Helper()
	disk := append(s.Meta.AppendHeader(nil), s.Payload...)
	wire := append(WireHeader[:], s.Payload...)
	segment := append(append(append([]byte(nil), disk...), disk...), wire...)
	want := bytes.Repeat(plain, 3)
	r, err := stdgzip.NewReader(bytes.NewReader(segment))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("compress/gzip: %v, %d bytes of %d", err, len(got), len(want))
	}
	k, err := gzip.NewReader(bytes.NewReader(segment))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(k); err != nil || !bytes.Equal(got, want) {
		t.Errorf("klauspost gzip: %v, %d bytes of %d", err, len(got), len(want))
	}
	checkGunzip(t, segment, want)
}

func checkGunzip(t *testing.T, segment, want []byte) {
	t.Helper()
	path, err := exec.LookPath("gunzip")
	if err != nil {
		t.Log("no gunzip here: not checked against it")
		return
	}
	cmd := exec.Command(path, "-c")
	cmd.Stdin = bytes.NewReader(segment)
	if got, err := cmd.Output(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("gunzip: %v, %d bytes of %d", err, len(got), len(want))
	}
}

func TestSealFillsTheMetadata(t *testing.T) {
	b := NewBuilder(1)
	build(b, 4, 1)
	sources := []Source{{Path: "a"}}
	s := b.Seal(Meta{Class: "c", Sources: sources, Counts: event.Counts{Lines: 7}, MaybeSeen: true})
	want := Meta{
		Class: "c", Sources: sources, Counts: event.Counts{Lines: 7}, MaybeSeen: true,
		Docs: 4, MinTime: 997, MaxTime: 1000, Joined: []Joined{{1, 2}, {2, 3}},
		PlainSize: s.Meta.PlainSize, PackedSize: uint32(len(s.Payload)), Checksum: s.Meta.Checksum, Filter: s.Meta.Filter,
	}
	if diff := cmp.Diff(want, s.Meta); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{"0", "1"} {
		if !s.Meta.Filter.Has(TermHash([]byte(id))) {
			t.Errorf("the filter lacks %s", id)
		}
	}
	if e := b.Seal(Meta{}); e.Meta.Docs != 0 || e.Meta.Filter != nil || e.Meta.MinTime != 0 || e.Meta.Joined != nil {
		t.Errorf("an empty frame after it has %+v", e.Meta)
	}
}

func TestFilterOfTooManyIDsHasEverything(t *testing.T) {
	b := NewBuilder(1)
	for i := range 60_000 {
		b.AddTerm(TermHash(fmt.Append(nil, i)))
	}
	s := b.Seal(Meta{})
	s.Meta.AppendHeader(nil)
	if !s.Meta.Filter.Has(TermHash([]byte("59999"))) {
		t.Error("an id was forgotten")
	}
}

func TestFilterErrsSeldomAndNeverForgets(t *testing.T) {
	const n = 10_000
	f := NewFilter(n)
	for i := range n {
		f.Add(TermHash(fmt.Append(nil, "in", i)))
	}
	wrong := 0
	for i := range n {
		if !f.Has(TermHash(fmt.Append(nil, "in", i))) {
			t.Fatalf("id %d was forgotten", i)
		}
		if f.Has(TermHash(fmt.Append(nil, "out", i))) {
			wrong++
		}
	}
	if wrong > n/50 {
		t.Errorf("%d of %d absent ids were found; about 0.8 %% are expected", wrong, n)
	}
	if Filter(nil).Has(1) {
		t.Error("an empty filter has something")
	}
}

func TestDamagedPayloadsAreRefused(t *testing.T) {
	b := NewBuilder(1)
	build(b, 50, 3)
	s := b.Seal(Meta{})
	for name, p := range map[string][]byte{
		"nothing":        nil,
		"cut off":        s.Payload[:len(s.Payload)-1],
		"a byte more":    append(append([]byte(nil), s.Payload...), 0),
		"a flipped bit":  replace(s.Payload, len(s.Payload)/2, s.Payload[len(s.Payload)/2]^4),
		"another length": replace(s.Payload, len(s.Payload)-1, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if Verify(p, &s.Meta) == nil {
				t.Error("Verify took it")
			}
			if _, err := Inflate(nil, p, &s.Meta); err == nil {
				t.Error("Inflate took it")
			}
		})
	}
}

func TestInflateIsBounded(t *testing.T) {
	b := NewBuilder(1)
	b.Var(bytes.Repeat([]byte("a"), 1<<20))
	s := b.Seal(Meta{})
	for name, size := range map[string]uint32{"larger than deflate can": 1 << 30, "smaller than it is": 1000} {
		m := s.Meta
		m.PlainSize = size
		if _, err := Inflate(nil, s.Payload, &m); err == nil {
			t.Errorf("a size %s was believed", name)
		}
	}
	forged := append([]byte(nil), s.Payload...)
	copy(forged[len(forged)-4:], []byte{0xe8, 3, 0, 0})
	m := s.Meta
	m.PlainSize = 1000
	if _, err := Inflate(nil, forged, &m); !errors.Is(err, ErrChecksum) {
		t.Errorf("documents beyond the announced size: %v", err)
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	b := NewBuilder(1)
	c := NewChunk(bytes.Repeat([]byte("constant "), 30))
	id := []byte("0123456789abcdef")
	document := func() {
		b.Const(c)
		b.Lit(id)
		b.EndDoc(1, 5)
		b.AddTerm(TermHash(id))
	}
	for range 200_000 {
		document()
	}
	b.Seal(Meta{}).Release()
	if n := testing.AllocsPerRun(10_000, document); n != 0 {
		t.Errorf("%v allocations per document", n)
	}
}
