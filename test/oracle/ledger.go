package oracle

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Fate is what must become of a record.
type Fate string

// The fates: it must be stored, a rule of the user's drops it, or the backend
// refuses it for good.
const (
	Keep   Fate = "keep"
	Drop   Fate = "drop"
	Poison Fate = "poison"
)

// Entry is a record of the ledger.
type Entry struct {
	Stream    string
	Seq       uint64
	Namespace string
	// Lines and Bytes are what the record takes in the file: a record in n
	// pieces has n lines.
	Lines, Bytes int
	Fate         Fate
}

// Ledger is the file in which a generator writes down its records before it
// writes them. Entries are on stable storage when Commit returns.
type Ledger struct {
	file *os.File
	buf  bytes.Buffer
}

// CreateLedger begins a ledger.
func CreateLedger(name string) (*Ledger, error) {
	f, err := os.Create(name)
	return &Ledger{file: f}, err
}

// Add notes a record that is about to be written.
func (l *Ledger) Add(e Entry) {
	fmt.Fprintf(&l.buf, "R %s %d %s %d %d %s\n", e.Stream, e.Seq, e.Namespace, e.Lines, e.Bytes, e.Fate)
}

// Commit puts what was added on stable storage.
func (l *Ledger) Commit() error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.file.Sync()
}

// Written notes that the first n records of the ledger are in the log files.
func (l *Ledger) Written(n int) error {
	fmt.Fprintf(&l.buf, "W %d\n", n)
	return l.flush()
}

// Close notes that nothing will follow.
func (l *Ledger) Close() error {
	l.buf.WriteString("END\n")
	if err := l.Commit(); err != nil {
		return err
	}
	return l.file.Close()
}

func (l *Ledger) flush() error {
	_, err := l.buf.WriteTo(l.file)
	l.buf.Reset()
	return err
}

// Account is a ledger as it was read.
type Account struct {
	Entries []Entry
	// Written counts the entries that are in the log files.
	Written int
	// Complete says that the generator has ended properly.
	Complete bool
}

// ReadLedger reads a ledger, also one that is being written.
func ReadLedger(name string) (*Account, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := &Account{}
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return a, nil
		}
		if err == nil {
			err = a.take(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
}

func (a *Account) take(line string) error {
	f := strings.Fields(line)
	switch {
	case len(f) == 1 && f[0] == "END":
		a.Complete, a.Written = true, len(a.Entries)
		return nil
	case len(f) == 2 && f[0] == "W":
		n, err := strconv.Atoi(f[1])
		a.Written = n
		return err
	case len(f) != 7 || f[0] != "R":
		return fmt.Errorf("not a line of a ledger: %.100q", line)
	}
	seq, errSeq := strconv.ParseUint(f[2], 10, 64)
	lines, errLines := strconv.Atoi(f[4])
	size, errSize := strconv.Atoi(f[5])
	a.Entries = append(a.Entries, Entry{f[1], seq, f[3], lines, size, Fate(f[6])})
	return errors.Join(errSeq, errLines, errSize)
}

// WrittenSoFar reads only the end of a ledger that is being written: how many
// records are in the log files.
func WrittenSoFar(name string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	tail := make([]byte, min(end, 1<<20))
	if _, err := f.ReadAt(tail, end-int64(len(tail))); err != nil && err != io.EOF {
		return 0, err
	}
	return lastMark(tail[:bytes.LastIndexByte(tail, '\n')+1])
}

// lastMark is the number of the last W line of whole lines.
func lastMark(lines []byte) (int, error) {
	at := bytes.LastIndex(lines, []byte("\nW "))
	if at < 0 {
		return 0, nil
	}
	line, _, _ := bytes.Cut(lines[at+3:], []byte("\n"))
	return strconv.Atoi(string(line))
}

// Totals are sums over a ledger.
type Totals struct {
	Records, Lines, Bytes int
	// Kept, Dropped and Poisoned are lines by fate.
	Kept, Dropped, Poisoned int
	// Split counts records of more than one line.
	Split int
}

// Totals sums the records of a namespace, or of all when it is empty.
func (a *Account) Totals(namespace string) Totals {
	var t Totals
	for _, e := range a.Entries {
		if namespace == "" || e.Namespace == namespace {
			t.Add(e)
		}
	}
	return t
}

// Add counts a record.
func (t *Totals) Add(e Entry) {
	t.Records++
	t.Lines += e.Lines
	t.Bytes += e.Bytes
	if e.Lines > 1 {
		t.Split++
	}
	switch e.Fate {
	case Keep:
		t.Kept += e.Lines
	case Drop:
		t.Dropped += e.Lines
	case Poison:
		t.Poisoned += e.Lines
	}
}
