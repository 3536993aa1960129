// Package status is what is known about an agent's files and exporters: the
// answer to "why is my line not there". A running agent serves a Report as
// JSON at Path; without one, the same is put together from what is on disk.
package status

import (
	"slices"
	"time"
)

// Path is where a running agent serves its Report, at the address of its
// metrics.
const Path = "/status"

// Report is the state of one agent.
type Report struct {
	// Time is when it was made.
	Time time.Time `json:"time"`
	// Live says that a running agent made it. Otherwise it was read from disk,
	// and Why says why.
	Live bool   `json:"live"`
	Why  string `json:"why,omitempty"`

	// Problems are parts that could not be found out, and why.
	Problems []string `json:"problems,omitempty"`

	Node    string `json:"node,omitempty"`
	Version string `json:"version,omitempty"`

	Owner     Owner         `json:"owner,omitzero"`
	Config    Configuration `json:"config,omitzero"`
	Journal   Journal       `json:"journal"`
	Exporters []Exporter    `json:"exporters"`
	Queues    []Queue       `json:"queues,omitempty"`
	Files     []File        `json:"files"`
	// Annotations are those that are not followed; only a running agent knows.
	Annotations []Annotation `json:"bad_annotations,omitempty"`
}

// Annotation is one of a pod, or of a namespace when Pod is empty. Why says what
// is wrong with it, and what would be right.
type Annotation struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod,omitempty"`
	Key       string `json:"annotation"`
	Why       string `json:"why"`
}

// Configuration is what became of the last looks at the agent's configuration.
type Configuration struct {
	// Loaded is when the one in the files was last found to be the agent's, or
	// became it.
	Loaded time.Time `json:"loaded,omitzero"`
	// Failed is when one was found that the agent could not use, and Error why;
	// the agent goes on with the one before.
	Failed time.Time `json:"failed,omitzero"`
	Error  string    `json:"error,omitempty"`
}

// Owner is whose the state directory is.
type Owner struct {
	// Copied is when it was found to be a copy, or restored from one: for a day
	// after that what it says may be behind. Copies is how often that was.
	Copied time.Time `json:"copied,omitzero"`
	Copies uint64    `json:"copies,omitempty"`
	// Before is the node that it belonged to until Moved, within a day.
	Before string    `json:"before,omitempty"`
	Moved  time.Time `json:"moved,omitzero"`
}

// Journal is the logs' journal.
type Journal struct {
	// Directory holds it, or what is kept beside it when it is InMemory; empty
	// for none.
	Directory string `json:"directory"`
	InMemory  bool   `json:"in_memory,omitempty"`
	// First and Last are the numbers of its oldest and newest durable frames,
	// 0 when it is empty.
	First uint64 `json:"first_frame"`
	Last  uint64 `json:"last_frame"`
	Bytes int64  `json:"bytes"`
	// Oldest and Newest are when those frames were written; the zero time when
	// that is not known.
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
	// Damaged counts frames that cannot be read.
	Damaged uint64 `json:"damaged_frames"`
	// Full says that reading waits for room.
	Full bool `json:"full"`
	// Trouble is why the disk takes nothing at the moment, Cure what to do
	// about it; only a running agent knows.
	Trouble string `json:"trouble,omitempty"`
	Cure    string `json:"cure,omitempty"`
}

// Exporter is how far an exporter has come.
type Exporter struct {
	Name string `json:"name"`
	// Position is the last frame that is done.
	Position uint64 `json:"position"`
	// Pending is what lies behind it; Oldest is when the first of it was
	// written, the zero time when nothing is pending.
	PendingFrames uint64    `json:"pending_frames"`
	PendingLines  uint64    `json:"pending_lines"`
	PendingBytes  int64     `json:"pending_bytes"`
	Oldest        time.Time `json:"oldest"`
	// Lines by what became of them.
	Delivered uint64 `json:"delivered_lines"`
	Dead      uint64 `json:"dead_lines"`
	Parked    uint64 `json:"parked_lines"`
	Lost      uint64 `json:"lost_lines"`
	Skipped   uint64 `json:"skipped_lines"`
	// Excluded are lines of classes that the exporter does not take.
	Excluded uint64 `json:"excluded_lines,omitempty"`
	// Held says why it does not get on, Failing why it does not just now and
	// tries again by itself, Cure what to change about either, if a person can.
	// Only a running agent knows.
	Held    string `json:"held,omitempty"`
	Failing string `json:"failing,omitempty"`
	Cure    string `json:"cure,omitempty"`
}

// File is a file that was found or read.
type File struct {
	Path string `json:"path"`
	// State is what is being done with it, in a word or two; Reason says why
	// it is refused, failed or gone, and which rule excludes it.
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`

	ID         string `json:"id,omitempty"`
	Identity   string `json:"identity,omitempty"`
	Generation uint32 `json:"generation,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Pod        string `json:"pod,omitempty"`
	Container  string `json:"container,omitempty"`

	// Offset is the byte up to which everything is in the journal or was
	// dropped by a rule, Size the file's; -1 when there is none any more.
	Offset int64 `json:"offset"`
	Size   int64 `json:"size"`

	// Resting says that it has no descriptor just now: it was closed to make
	// room for others, or waits for room. Only a running agent knows.
	Resting bool `json:"resting,omitempty"`

	// Format is what the lines were taken for; only a running agent knows.
	// Quarantined says that the parser failed on this container, so that its
	// lines go on unparsed.
	Format      string `json:"format,omitempty"`
	Quarantined bool   `json:"quarantined,omitempty"`

	// LastFrame is when the last frame with something of the file was written,
	// LastFrameSeq its number, 0 when that is not known.
	LastFrame    time.Time `json:"last_frame"`
	LastFrameSeq uint64    `json:"last_frame_seq,omitempty"`

	// Lines read so far: in documents and dropped by rules. Lost are bytes
	// that went before they were read.
	Lines   uint64 `json:"lines"`
	InDocs  uint64 `json:"lines_in_docs"`
	Dropped uint64 `json:"lines_dropped"`
	Lost    uint64 `json:"bytes_lost"`
}

// Behind is how many bytes of the file are not in the journal.
func (f *File) Behind() int64 { return max(0, f.Size-f.Offset) }

// Keep leaves only the files that keep says yes to.
func (r *Report) Keep(keep func(*File) bool) {
	r.Files = slices.DeleteFunc(r.Files, func(f File) bool { return !keep(&f) })
}
