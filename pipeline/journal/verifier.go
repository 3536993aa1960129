package journal

import "github.com/tailrace/tailrace/pipeline/frame"

// verifier reads every byte of a segment that was not sealed and decides what
// of it counts. Checksums are enough for that; frames whose positions are used
// are decompressed too.
//
// A frame that is bad was either never durable, or the disk lost it later. It
// was durable if a later frame says so (DurableSeq), or if a later segment
// exists, which is begun only when all before it is durable. Then it is left
// where it is and counted as damaged. Else the segment ends before it: fsync
// keeps no order, so nothing behind it was acknowledged either.
type verifier struct {
	scanner
	// bound is the number that the next segment begins at, or 0.
	bound uint64

	// sum describes the frames so far.
	sum summary
	// damaged counts bad frames that were durable.
	damaged uint32
	// doubts are the bad frames that nothing has proven durable yet, in order.
	doubts []doubt

	packed, plain []byte
}

// doubt is a bad frame, or several in a row whose numbers are not readable.
type doubt struct {
	// sum is what the segment comes to if it ends here.
	sum summary
	// upTo is the last number in question.
	upTo   uint64
	frames uint32
}

func (v *verifier) run() error {
	for v.next() {
		if v.skipped > 0 && v.meta.Seq > v.sum.Last+1 {
			v.suspect(v.meta.Seq-1, missing(v.sum.Last, v.meta.Seq))
		}
		switch err := v.checksum(); {
		case damage(err):
			v.suspect(v.meta.Seq, 1)
		case err != nil:
			return err
		default:
			v.acquit(v.meta.DurableSeq)
		}
		v.sum.add(&v.meta, v.end)
	}
	if v.err != nil {
		return v.err
	}
	v.conclude()
	return nil
}

// missing counts the numbers between two frames. Numbers may have been jumped
// over, so that a long gap says little.
func missing(last, next uint64) uint32 { return uint32(min(next-last-1, 1<<20)) }

func (v *verifier) suspect(upTo uint64, frames uint32) {
	v.doubts = append(v.doubts, doubt{v.sum, upTo, frames})
}

// acquit counts bad frames up to a number that was durable as damaged.
func (v *verifier) acquit(durable uint64) {
	for len(v.doubts) > 0 && v.doubts[0].upTo <= durable {
		v.damaged += v.doubts[0].frames
		v.doubts = v.doubts[1:]
	}
}

// conclude decides about bad frames that no later frame spoke for.
func (v *verifier) conclude() {
	if v.bound > 0 {
		// Without a number missing, what follows the last frame is the rest
		// of a write that failed.
		if v.skipped > 0 && v.bound > v.sum.Last+1 {
			v.damaged += missing(v.sum.Last, v.bound)
		}
		v.acquit(v.bound - 1)
	}
	if len(v.doubts) > 0 {
		v.sum = v.doubts[0].sum
	}
	v.sum.Damaged = v.damaged
}

// checksum reads and checks the payload of the frame that next found.
func (v *verifier) checksum() (err error) {
	v.packed, err = payloadAt(v.file, v.off+int64(v.size), &v.meta, v.packed)
	return err
}

// decompress is checksum, and what the payload holds must be whole too.
func (v *verifier) decompress() (err error) {
	if err := v.checksum(); err != nil {
		return err
	}
	v.plain, err = frame.Inflate(v.plain[:0], v.packed, &v.meta)
	return err
}
