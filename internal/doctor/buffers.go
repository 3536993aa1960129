package doctor

import (
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Load is what the logs of a node bring.
type Load struct {
	// Rate is how many bytes a second are written to all logs, Packed how many
	// bytes the journal takes for each of them.
	Rate, Packed float64
	// Rotation is what the least slack of a container is, 0 when not known.
	Rotation time.Duration
}

// usualPacked is what the journal takes of a byte of logs where there is none
// to look at: lines of 200 bytes take 100 with their metadata.
const usualPacked = 0.5

// enoughOutage is how long a backend may be away, overnight say, without
// anybody noticing.
const enoughOutage = 8 * time.Hour

// packed is how many bytes a second come to the journal.
func (l *Load) packed() float64 {
	if l.Packed <= 0 {
		return l.Rate * usualPacked
	}
	return l.Rate * l.Packed
}

// lasts is for how long a buffer of so many bytes takes them.
func (l *Load) lasts(bytes float64) time.Duration {
	return time.Duration(min(bytes/l.packed(), math.MaxInt32) * float64(time.Second))
}

const buffers = "buffers"

// Queue says how long a broker's queue holds what the node publishes while
// nobody consumes it. Bytes are its limit, 0 for none.
func (l *Load) Queue(exporter string, bytes int64) Finding {
	if bytes == 0 {
		return fine(buffers, "%s: without max_length_bytes its queue holds what the broker's disk has above disk_free_limit; this node brings %s/s",
			exporter, size(l.packed()))
	}
	return fine(buffers, "%s: the %s of its queue hold %s of this node without a consumer, shared with other nodes that fill it",
		exporter, size(float64(bytes)), rounded(l.lasts(float64(bytes))))
}

// Buffers says how long each buffer of the node holds what is written while no
// backend takes it: first the journal, then the log files themselves.
func (d Disk) Buffers(l Load) Finding {
	var st unix.Statfs_t
	dir, err := d.writable()
	if err == nil {
		err = unix.Statfs(dir, &st)
	}
	if err != nil {
		return Failed(buffers, err, "let the agent write there, or set service.journal.directory")
	}
	if l.Rate <= 0 {
		return fine(buffers, "nothing was written to the logs while doctor looked, so how long the journal holds is not known")
	}
	block := float64(st.Bsize)
	room := min(float64(d.MaxSize), max(0, float64(st.Bavail)*block+float64(d.Used)-float64(st.Blocks)*block*d.MinFree/100))
	holds := l.lasts(room)
	f := fine(buffers, "at %s/s of logs, of which the journal takes %.0f %%, its %s hold %s without a backend", size(l.Rate), 100*l.packed()/l.Rate, size(room), rounded(holds))
	if l.Rotation > 0 {
		f.Says += "; then the log files hold " + rounded(l.Rotation)
	}
	if holds < enoughOutage {
		want := l.packed() * enoughOutage.Seconds()
		return f.or(Warning, "raise service.journal.max_size to "+size(want)+" for "+rounded(enoughOutage)+", or expect reading to stop when the journal is full")
	}
	return f
}
