package hazards

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit"
	"github.com/tailrace/tailrace/test/oracle"
)

// TestFlippedBitInAFrameCostsNothing flips a bit of a frame on the disk of a
// working agent, before its backend takes anything. The agent notices, says so,
// reads the frame's lines again from their files, and each line reaches the
// backend once.
func TestFlippedBitInAFrameCostsNothing(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "503"))
	// A request has one frame, so that most are not read yet.
	d.override("exporters: {elasticsearch: {flush: {bytes: 1}}}\n")
	agent := d.start()
	generator := d.Generate("-seed", seed(361), "-containers", "2", "-plains", "1", "-rate", "500", "-limit", "1048576")
	segment, from := "", 0
	testkit.Eventually(t, "there are frames that nobody has read", func() (bool, string) {
		segment = d.segment()
		frames := 0
		if segment != "" {
			from, frames = lastPayload(d.read(segment))
		}
		return frames >= 4, fmt.Sprintf("%d frames", frames)
	})
	generator.Stop()
	d.figure("every line is in the journal", exactly(d.Account().Totals("").Lines), "tailrace_receiver_accepted_log_records_total")
	d.flip(segment, from+20)
	d.sink.Behave("ok")
	d.saying(agent, "damaged on disk")
	d.figure("its lines are read again", atLeast(1), "tailrace_receiver_read_again_bytes_total")
	d.complete(agent)
}

// TestFlippedBitsInPositionsCostNothing flips a bit in the newer generation of
// the checkpoint and of the exporter's cursor while the agent works, kills it,
// and then flips one in both generations of each: in the end no line is
// missing, and what is sent again is recognised by its id.
func TestFlippedBitsInPositionsCostNothing(t *testing.T) {
	t.Parallel()
	d := newDisk(t, newNode(t, "ok"))
	generator := d.Generate("-seed", seed(362), "-containers", "2", "-plains", "1", "-rate", "500", "-limit", "1048576")
	positions := []string{d.Path("state", "checkpoint", "sources.slot"), d.Path("state", "logs", "cursors", "elasticsearch.slot")}
	d.start()
	d.savedTwice(positions)
	for _, name := range positions {
		newer, _ := oracle.Slots(d.read(name))
		d.flip(name, newer.From+newer.Len()/2)
	}
	d.latest.Kill()
	d.arrivedUnder(d.start(), 200)
	d.latest.Kill()
	for _, name := range positions {
		// Other bytes than before: one that was not written since would be mended.
		newer, older := oracle.Slots(d.read(name))
		d.flip(name, newer.From+newer.Len()/2-1)
		d.flip(name, older.From+older.Len()/2-1)
	}
	agent := d.start()
	d.saying(agent, "the position of an exporter is lost")
	generator.Stop()
	d.complete(agent)
}

// segment is the journal's oldest, or nothing.
func (d *disk) segment() string {
	d.TB.Helper()
	names, err := filepath.Glob(filepath.Join(d.Segments(), "*.ndjson.gz"))
	if err != nil {
		d.TB.Fatal(err)
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// savedTwice lets agents save their positions, as one does that ends, until
// each file has two generations.
func (d *disk) savedTwice(positions []string) {
	d.TB.Helper()
	for range 2 {
		d.arrivedUnder(d.latest, 100)
		d.latest.Stop()
		d.start()
	}
	d.arrivedUnder(d.latest, 100)
	for _, name := range positions {
		if _, older := oracle.Slots(d.read(name)); older.Len() == 0 {
			d.TB.Fatalf("%s has one generation only", name)
		}
	}
}

// lastPayload is where the payload of a segment's last frame begins, by what
// docs/journal-format.md says of headers, and how many frames there are.
func lastPayload(segment []byte) (from, frames int) {
	const extra, metadata, packed = 10, 16, 30
	for at := 0; at+metadata+packed < len(segment) && segment[at] == 0x1f; frames++ {
		from = at + extra + 2 + int(binary.LittleEndian.Uint16(segment[at+extra:]))
		at = from + int(binary.LittleEndian.Uint32(segment[at+metadata+packed:]))
	}
	return from, frames
}

// arrivedUnder waits until an agent has made the sink's documents so many more.
func (d *disk) arrivedUnder(agent *testkit.Process, more int) {
	d.TB.Helper()
	d.arrived(d.sink.Stats().Stored + more)
	if !agent.Running() {
		d.TB.Fatalf("the agent has ended\n%s", agent.Tail())
	}
}

// complete lets the agent deliver everything, and judges what the sink has.
func (d *disk) complete(agent *testkit.Process) {
	d.TB.Helper()
	d.Drained(d.sink, agent, len(d.Account().Entries))
	v, err := oracle.JudgeFiles(d.Path("ledger"), d.sink.Record, "")
	if err != nil {
		d.TB.Fatal(err)
	}
	if len(v.Violations) > 0 {
		d.TB.Error(v)
	}
	agent.Stop()
}

func (d *disk) read(name string) []byte {
	d.TB.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		d.TB.Fatal(err)
	}
	return b
}

// flip turns one bit of a file of the agent's round, on disk and in the kernel.
func (d *disk) flip(name string, at int) {
	d.TB.Helper()
	before := d.read(name)
	d.stable.Corrupt(strings.TrimPrefix(name, d.Path("state")), int64(at), 1)
	if after := d.read(name); len(after) <= at || after[at] == before[at] {
		d.TB.Fatalf("byte %d of %s is as it was", at, name)
	}
}
