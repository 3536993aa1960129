package journal

import "github.com/tailrace/tailrace/pipeline/frame"

// intake is the queue between Append and the appender. It is guarded by
// Journal.mu.
type intake struct {
	queue []*frame.Sealed
	bytes int64
	// wanted is the size of a frame that waits for room, 0 when none does.
	wanted int64
	// room is closed, and replaced, when waiting frames should try again.
	room chan struct{}
	// work holds a token when the appender has something to do.
	work chan struct{}
	// ended is closed when nothing more will be queued.
	ended chan struct{}
}

func (i *intake) init() {
	i.room = make(chan struct{})
	i.work = make(chan struct{}, 1)
	i.ended = make(chan struct{})
}

func (i *intake) add(s *frame.Sealed, size int64) {
	i.queue = append(i.queue, s)
	i.bytes += size
	i.nudge()
}

// wait asks the appender to make room for size bytes, and returns what is
// closed when it may be there.
func (i *intake) wait(size int64) <-chan struct{} {
	i.wanted = max(i.wanted, size)
	i.nudge()
	return i.room
}

// blocked says whether a frame waits.
func (i *intake) blocked() bool { return i.wanted > 0 }

// nudge wakes the appender.
func (i *intake) nudge() {
	select {
	case i.work <- struct{}{}:
	default:
	}
}

// retry lets waiting frames try again.
func (i *intake) retry() {
	i.wanted = 0
	close(i.room)
	i.room = make(chan struct{})
}

func (i *intake) finish() {
	close(i.ended)
	i.retry()
}

// take is everything queued; the bytes count until taken is told.
func (i *intake) take() (group []*frame.Sealed) {
	group, i.queue = i.queue, nil
	return group
}
