package frame

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailrace/tailrace/pipeline/event"
)

// fullMeta has a value in every place of the metadata.
func fullMeta() Meta {
	return Meta{
		Seq: 1 << 40, DurableSeq: 1<<40 - 1, JournalTime: 1772705472_123456789,
		Class: "tenant-a", MaybeSeen: true,
		PlainSize: 4 << 20, PackedSize: 700_000, Checksum: 0xdeadbeef,
		Docs: 9000, MinTime: -1, MaxTime: math.MaxInt64,
		Counts: event.Counts{Lines: 1, DocLines: 2, DroppedLines: 3, Docs: 4, LostBytes: 5, Bytes: math.MaxUint64},
		Joined: []Joined{{0, 2}, {7, 300}, {8999, math.MaxUint32}},
		Rules:  []RuleCount{{"health", 12}, {"", 0}},
		Sources: []Source{{
			ID:       event.SourceID{1, 2, 15: 3},
			Identity: event.Identity{Path: "shop_cart_8c1f/app/0", Head: [16]byte{9}, Generation: 4},
			Path:     "/var/log/pods/shop_cart_8c1f/app/0.log", Dev: math.MaxUint64, Ino: 77, Namespace: "shop",
			Offset: math.MaxInt64, Tail: math.MaxUint64, Line: ModeSkip, Final: true,
			Streams: [event.NumStreams]StreamState{{Mode: ModeRest}, {Mode: ModeOpen, Open: 12}, {Mode: ModeOpen, Open: math.MaxInt64}},
			Counts:  event.Counts{Lines: 6},
		}, {}},
		Filter: Filter{1, 2, 3},
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	for name, want := range map[string]Meta{"full": fullMeta(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			b := want.AppendHeader([]byte("before"))[len("before"):]
			got := Meta{Sources: make([]Source, 0, 5), Class: "stale"}
			n, err := ParseHeader(append(b, "payload"...), &got)
			if err != nil || n != len(b) {
				t.Fatalf("ParseHeader = %d, %v; want %d", n, err, len(b))
			}
			if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
				t.Error(diff)
			}
			if size := want.MetaSize(); size < len(b)-prefixSize {
				t.Errorf("MetaSize = %d, less than the %d bytes it takes", size, len(b)-prefixSize)
			}
		})
	}
}

// equateEmpty: a parsed Meta keeps the memory of its lists.
var equateEmpty = cmp.FilterPath(func(p cmp.Path) bool {
	return p.Last().Type() != nil && p.Last().Type().Kind().String() == "slice"
}, cmp.FilterValues(func(a, b any) bool { return empty(a) && empty(b) }, cmp.Ignore()))

func empty(v any) bool {
	switch s := v.(type) {
	case []Joined:
		return len(s) == 0
	case []RuleCount:
		return len(s) == 0
	case []Source:
		return len(s) == 0
	case Filter:
		return len(s) == 0
	}
	return false
}

func TestHeaderErrors(t *testing.T) {
	meta := fullMeta()
	good := meta.AppendHeader(nil)
	other := append([]byte(nil), good...)
	for name, tc := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":             {nil, ErrShort},
		"cut in the magic":    {good[:5], ErrShort},
		"cut in the metadata": {good[:len(good)-1], ErrShort},
		"a hole of zeros":     {make([]byte, 4096), ErrNotFrame},
		"an ordinary gzip":    {append(WireHeader[:], make([]byte, 100)...), ErrNotFrame},
		"a second subfield":   {replace(good, 10, good[10]+1), ErrNotFrame},
		"another subfield":    {replace(good, 13, 'S'), ErrNotFrame},
		"a flipped bit":       {replace(good, 40, good[40]^1), ErrChecksum},
		"another version":     {reseal(replace(other, prefixSize, Version+1)), ErrVersion},
		"unknown flags":       {reseal(replace(good, prefixSize+1, 0xff)), ErrInvalid},
		"a list too long":     {reseal(replace(good, prefixSize+fixedSize, 0x7f)), ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseHeader(tc.b, new(Meta)); !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

func replace(b []byte, at int, v byte) []byte {
	b = append([]byte(nil), b...)
	b[at] = v
	return b
}

func TestEveryCutIsShortAndEveryFlipIsSeen(t *testing.T) {
	meta := fullMeta()
	good := meta.AppendHeader(nil)
	for i := range good {
		if _, err := ParseHeader(good[:i], new(Meta)); !errors.Is(err, ErrShort) {
			t.Errorf("cut at %d: %v", i, err)
		}
		if _, err := ParseHeader(replace(good, i, good[i]^0x10), new(Meta)); err == nil {
			t.Errorf("a flipped bit in byte %d went unnoticed", i)
		}
	}
}

func TestParsingAgainAllocatesNothing(t *testing.T) {
	meta := fullMeta()
	b := meta.AppendHeader(nil)
	var m Meta
	n := testing.AllocsPerRun(100, func() {
		if _, err := ParseHeader(b, &m); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTooMuchMetadataIsNeverWritten(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a header that no reader could read was written")
		}
	}()
	m := Meta{Class: strings.Repeat("x", maxMetadata)}
	m.AppendHeader(nil)
}
