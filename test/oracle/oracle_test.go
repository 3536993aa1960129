package oracle

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPayloadSurvivesAndNoticesEveryChange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		p := Payload{"c1.stdout", uint64(i), filler(r, fillerSize(r))}
		text := p.Append(nil)
		if bytes.ContainsAny(text, "\n\r") {
			t.Fatalf("a payload has a line break: %q", text)
		}
		if got, err := ParsePayload(text); err != nil || got.Seq != p.Seq || !bytes.Equal(got.Filler, p.Filler) {
			t.Fatalf("%q: %v %v", text, got, err)
		}
		changed := slices.Clone(text)
		changed[r.IntN(len(changed))] ^= 1
		for _, bad := range [][]byte{changed, text[:len(text)-1], append(slices.Clone(text), ' ')} {
			if got, err := ParsePayload(bad); err == nil && got.sum() == p.sum() {
				t.Fatalf("took %q for %q", bad, text)
			}
		}
	}
}

func load(t *testing.T) Load {
	dir := t.TempDir()
	return Load{
		Pods: filepath.Join(dir, "pods"), Plain: filepath.Join(dir, "plain"), Ledger: filepath.Join(dir, "ledger"),
		Seed: 7, Containers: 3, Plains: 2, Rate: 4000, Limit: 4 << 10, Drops: true, Poisons: true,
	}
}

func generate(t *testing.T, l Load, length time.Duration) *Account {
	t.Helper()
	g, err := NewGenerator(l)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	if err := g.Run(ctx); err != nil {
		t.Fatal(err)
	}
	a, err := ReadLedger(l.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLedgerIsWhatTheFilesHold(t *testing.T) {
	l := load(t)
	account := generate(t, l, 1500*time.Millisecond)
	total := account.Totals("")
	if !account.Complete || total.Split == 0 || total.Dropped == 0 || total.Poisoned == 0 {
		t.Fatalf("the load lacks something: %+v", total)
	}

	lines, size, rotated, pieces := 0, 0, 0, 0
	err := filepath.Walk(filepath.Dir(l.Ledger), func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || name == l.Ledger {
			return err
		}
		b, err := os.ReadFile(name)
		lines += bytes.Count(b, []byte("\n"))
		size += len(b)
		pieces += bytes.Count(b, []byte(" P "))
		if !strings.HasSuffix(name, ".log") {
			rotated++
		}
		if len(b) > 0 && b[len(b)-1] != '\n' {
			t.Errorf("%s ends within a line", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines != total.Lines || size != total.Bytes {
		t.Errorf("files: %d lines of %d bytes; ledger: %d and %d", lines, size, total.Lines, total.Bytes)
	}
	if rotated < 3 || pieces == 0 {
		t.Errorf("only %d rotations and %d pieces", rotated, pieces)
	}
	if n, err := WrittenSoFar(l.Ledger); err != nil || n == 0 || n > len(account.Entries) {
		t.Errorf("%d records are said to be written of %d (%v)", n, len(account.Entries), err)
	}
}

// perfect is the evidence of an agent without a fault.
func perfect(a *Account) Evidence {
	e := Evidence{Ledger: a}
	for i, x := range a.Entries {
		arrival := Arrival{Kind: 'S', ID: fmt.Sprintf("id%d", i), Hash: fmt.Sprintf("h%d", i), Stream: x.Stream, Seq: x.Seq}
		if x.Fate == Drop {
			continue
		}
		e.Journal = append(e.Journal, arrival)
		if x.Fate == Poison {
			arrival.Kind = 'X'
		}
		e.Sink = append(e.Sink, arrival)
	}
	return e
}

func TestJudgeFindsEveryBrokenInvariant(t *testing.T) {
	l := load(t)
	account := generate(t, l, 300*time.Millisecond)
	if v := Judge(perfect(account)); len(v.Violations) > 0 {
		t.Fatalf("a perfect agent is judged guilty:\n%s", v)
	}
	kept := slices.IndexFunc(perfect(account).Sink, func(a Arrival) bool { return a.Kind == 'S' })
	poisoned := slices.IndexFunc(perfect(account).Sink, func(a Arrival) bool { return a.Kind == 'X' })
	for _, c := range []struct {
		name string
		harm func(e *Evidence)
		want string
	}{
		{"a record lost on the way to the sink", func(e *Evidence) { e.Sink = slices.Delete(e.Sink, kept, kept+1) }, "AC"},
		{"a record lost before the journal", func(e *Evidence) {
			e.Sink = slices.Delete(e.Sink, kept, kept+1)
			e.Journal = slices.Delete(e.Journal, kept, kept+1)
		}, "CJ"},
		{"a record stored under two ids", func(e *Evidence) {
			twice := e.Sink[kept]
			twice.ID = "other"
			e.Sink = append(e.Sink, twice)
		}, "D"},
		{"a record twice in the journal", func(e *Evidence) { e.Journal = append(e.Journal, e.Journal[kept]) }, "J"},
		{"an id with two texts", func(e *Evidence) {
			e.Sink = append(e.Sink, Arrival{Kind: 'R', ID: e.Sink[kept].ID, Hash: "other"})
		}, "P"},
		{"a text that was changed", func(e *Evidence) {
			e.Sink = append(e.Sink, Arrival{Kind: 'B', ID: "x", Problem: "the checksum does not match"})
		}, "P"},
		{"a record from nowhere", func(e *Evidence) {
			e.Sink = append(e.Sink, Arrival{Kind: 'S', ID: "x", Stream: "c99", Seq: 1})
		}, "P"},
		{"a dropped record that arrived", func(e *Evidence) {
			i := slices.IndexFunc(account.Entries, func(x Entry) bool { return x.Fate == Drop })
			e.Sink = append(e.Sink, Arrival{Kind: 'S', ID: "x", Stream: account.Entries[i].Stream, Seq: account.Entries[i].Seq})
		}, "D"},
		{"a refused record that was never sent", func(e *Evidence) { e.Sink = slices.Delete(e.Sink, poisoned, poisoned+1) }, "AN"},
		{"an unfinished ledger", func(e *Evidence) { e.Ledger = &Account{Entries: account.Entries} }, "N"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := perfect(account)
			c.harm(&e)
			v := Judge(e)
			if got := letters(v); got != c.want {
				t.Errorf("found %q, wanted %q:\n%s", got, c.want, v)
			}
		})
	}
}

func letters(v *Verdict) string {
	var found []byte
	for _, x := range v.Violations {
		if !slices.Contains(found, x.Invariant) {
			found = append(found, x.Invariant)
		}
	}
	slices.Sort(found)
	return string(found)
}

// A pause ends between records: what is begun is written, and nothing more until
// it is over.
func TestPausedGeneratorWritesWhatItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := load(t)
		g, err := NewGenerator(l)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- g.Run(ctx) }()
		after := func(d time.Duration) int {
			time.Sleep(d)
			n, err := WrittenSoFar(l.Ledger)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		begun := after(time.Second)
		g.Pause(true)
		whole := after(time.Minute)
		if later := after(time.Minute); begun == 0 || whole < begun || later != whole {
			t.Errorf("%d records before the pause, %d and %d in it", begun, whole, later)
		}
		g.Pause(false)
		if n := after(time.Second); n <= whole {
			t.Error("nothing is written after the pause")
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}
