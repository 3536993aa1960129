package journal

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// indexSample is a sidecar and what it was made of.
func indexSample() ([]byte, summary, []Entry) {
	entries := []Entry{
		{Seq: 7, Offset: 0, HeaderSize: 100, PackedSize: 50, PlainSize: 500, Docs: 3, MinTime: 10, MaxTime: 30, JournalTime: 100,
			Class: "default", Counts: event.Counts{Lines: 4, DocLines: 3, DroppedLines: 1, Docs: 3, Bytes: 99}, Filter: frame.Filter{1, 2}},
		{Seq: 8, Offset: 150, HeaderSize: 100, PackedSize: 8, JournalTime: 90, Class: "default", MaybeSeen: true},
		{Seq: 11, Offset: 300, HeaderSize: 90, PackedSize: 10, PlainSize: 20, Docs: 1, MinTime: -5, MaxTime: -5, JournalTime: 200, Class: "other"},
	}
	s := summary{First: 7, Last: 11, Size: 400, Frames: 3, Damaged: 1, MinTime: -5, MaxTime: 30, Opened: 100, Written: 200,
		Packed: 68, Counts: event.Counts{Lines: 4, DocLines: 3, DroppedLines: 1, Docs: 3, Bytes: 99}}
	var b []byte
	codec := entryCodec{minTime: s.MinTime}
	for i := range entries {
		b = codec.append(b, &entries[i])
	}
	return appendIndex(nil, &s, frame.Filter{9, 9, 9}, b), s, entries
}

// decodeIndex reads a whole sidecar from memory.
func decodeIndex(b []byte) (s summary, filter frame.Filter, entries []Entry, err error) {
	x, err := parseSummary(b)
	if err != nil {
		return s, nil, nil, err
	}
	rest := b[summarySize:]
	if len(rest) != x.filterLen+x.entriesLen+8 {
		return s, nil, nil, errIndex
	}
	if filter, err = checked(rest[:x.filterLen+4]); err != nil {
		return s, nil, nil, err
	}
	packed, err := checked(rest[x.filterLen+4:])
	if err != nil {
		return s, nil, nil, err
	}
	r, codec := varints{b: packed}, entryCodec{minTime: x.MinTime}
	for len(r.b) > 0 {
		var e Entry
		if err := codec.parse(&r, &e); err != nil {
			return s, nil, nil, err
		}
		entries = append(entries, e)
	}
	return x.summary, filter, entries, nil
}

func TestIndexComesBack(t *testing.T) {
	b, wantSummary, want := indexSample()
	s, filter, entries, err := decodeIndex(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if want[i].Filter == nil {
			want[i].Filter = frame.Filter{}
		}
	}
	if diff := cmp.Diff(wantSummary, s) + cmp.Diff(want, entries) + cmp.Diff(frame.Filter{9, 9, 9}, filter); diff != "" {
		t.Error(diff)
	}
}

func TestNoFlippedBitOfAnIndexIsBelieved(t *testing.T) {
	b, _, _ := indexSample()
	for at := range b {
		for bit := range 8 {
			b[at] ^= 1 << bit
			if _, _, _, err := decodeIndex(b); err == nil {
				t.Errorf("bit %d of byte %d is flipped, and nobody notices", bit, at)
			}
			b[at] ^= 1 << bit
		}
	}
}

func FuzzIndex(f *testing.F) {
	b, _, _ := indexSample()
	f.Add(b)
	f.Add([]byte{})
	f.Add(b[:summarySize])
	f.Fuzz(func(t *testing.T, b []byte) {
		s, filter, entries, err := decodeIndex(b)
		if err != nil {
			return
		}
		var packed []byte
		codec := entryCodec{minTime: s.MinTime}
		for i := range entries {
			packed = codec.append(packed, &entries[i])
		}
		if _, _, again, err := decodeIndex(appendIndex(nil, &s, filter, packed)); err != nil || len(again) != len(entries) {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}

// FuzzIndexEntries reads entries whose checksum is right and content is not.
func FuzzIndexEntries(f *testing.F) {
	b, _, _ := indexSample()
	f.Add(b[summarySize+7 : len(b)-4])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, codec := varints{b: b}, entryCodec{}
		var e Entry
		for len(r.b) > 0 {
			if codec.parse(&r, &e) != nil {
				return
			}
		}
	})
}

func FuzzCursorState(f *testing.F) {
	f.Add((&state{Position: 7}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseState(b); err == nil {
			if again, err := parseState(s.append(nil)); err != nil || again != s {
				t.Errorf("state %+v came back as %+v, %v", s, again, err)
			}
		}
	})
}
