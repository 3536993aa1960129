package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// SourceID names a file's content for good: a 128-bit hash of its Identity.
type SourceID [16]byte

// String is the id in hexadecimal.
func (id SourceID) String() string { return hex.EncodeToString(id[:]) }

// Identity is what a file is recognised by, whatever it is called and
// whichever inode holds it.
type Identity struct {
	// Path is the path identity: "<namespace>_<pod>_<uid>/<container>/<restart>"
	// for a container's log, the directory for any other file.
	Path string
	// Head is a 128-bit hash of the first complete line, cut at 1 KiB.
	Head [16]byte
	// Generation tells files apart that share Path and Head.
	Generation uint32
}

// terminations is the last part of the path identity of what is told of the ends
// of a container's lives, where that of a log has the number of a life.
const terminations = "/terminations"

// TerminationsOf is the path identity of what is told of the ends of the lives
// of a container, "<namespace>_<pod>_<uid>/<container>".
func TerminationsOf(container string) string { return container + terminations }

// OfFile says whether the content is that of a file. Directories, which other
// files have for a path identity, are absolute.
func (i *Identity) OfFile() bool {
	return !strings.HasSuffix(i.Path, terminations) || strings.HasPrefix(i.Path, "/")
}

// Attr is a resource attribute; Value is ready JSON.
type Attr struct {
	Name  string
	Value string
}

// Source is one open file as the components see it. Receivers fill it before
// it is opened; processors may add to it in their Open; it does not change
// while batches of it are on their way, except for Counts.
type Source struct {
	ID       SourceID
	Identity Identity
	// Path is the file's name when it was opened.
	Path string
	// Container is the same for every file of one container, over restarts
	// and rotations: what the parser remembers formats by.
	Container string

	Namespace, Pod, PodUID, ContainerName string
	Restart                               int

	// Settings are how it is read and written. They change between the Close
	// and the next Open of a source only.
	Settings
	// Class is the frame class.
	Class string
	// EventName is what kind of event every record of the source is
	// (OpenTelemetry logs data model, "EventName"); lines of logs have none.
	EventName string
	// MaybeSeen says that the file's position was lost: its records may have
	// been delivered before.
	MaybeSeen bool

	// Resource are the attributes of the resource, Attributes those that every
	// record of the source has. Both become constant bytes of its documents.
	Resource, Attributes []Attr

	// Counts are what was read and made of it since they were last taken.
	Counts Counts
}

// Counts are the ledger's figures of one source in one frame.
type Counts struct {
	// Lines were consumed from the file, counted by the reader.
	Lines uint64
	// DocLines of them are in documents, DroppedLines were removed by a rule:
	// counted where it happens, so that the sum is a check.
	DocLines, DroppedLines uint64
	Docs                   uint64
	// LostBytes were never read: unlinked, truncated or overwritten first.
	LostBytes uint64
	// Bytes were consumed from the file.
	Bytes uint64
}

// Add sums o into c.
func (c *Counts) Add(o Counts) {
	c.Lines += o.Lines
	c.DocLines += o.DocLines
	c.DroppedLines += o.DroppedLines
	c.Docs += o.Docs
	c.LostBytes += o.LostBytes
	c.Bytes += o.Bytes
}

// Figures lists the counts in the order in which they are stored.
func (c *Counts) Figures() [6]*uint64 {
	return [6]*uint64{&c.Lines, &c.DocLines, &c.DroppedLines, &c.Docs, &c.LostBytes, &c.Bytes}
}

// IDOn is the id of the content that i names on a node: the first 128 bits of
// SHA-256 over the node's name and the identity's parts, each preceded by its
// length so that no two lists of parts have the same bytes.
func (i Identity) IDOn(node string) SourceID {
	b := make([]byte, 0, 128)
	for _, s := range []string{node, i.Path, string(i.Head[:])} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	b = binary.LittleEndian.AppendUint32(b, i.Generation)
	sum := sha256.Sum256(b)
	return SourceID(sum[:16])
}
