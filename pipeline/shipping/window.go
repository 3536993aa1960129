package shipping

import "time"

// window adapts how many requests are in flight to what the backend takes, as
// TCP does with packets: one more for each round of requests that is taken,
// half as many when one is refused for overload (AIMD; Chiu and Jain, 1989),
// and, as TCP Vegas does, by how long answers take: when several requests only
// wait for each other, more of them are no use.
type window struct {
	// most bounds it.
	most int
	size float64
	// inFlight are the requests without an answer.
	inFlight int
	// sent counts requests, and is the number of the last. cut is what it was
	// when the window shrank: the answers to older requests are no news.
	sent, cut uint64
	// least is about the shortest time that a large request took, in seconds
	// per byte; 0 when there was none.
	least float64
}

const (
	// fewWaiting and mostWaiting are how many requests of ours wait at the
	// backend when the window stops growing, and when it shrinks (Brakmo and
	// Peterson's alpha and beta, 1995).
	fewWaiting  = 1
	mostWaiting = 2
	// aging is the share by which least moves towards slower answers, so that
	// a backend that has become slower for good is not held against its past.
	aging = 1.0 / 64
)

func newWindow(most int) window { return window{most: max(1, most), size: 1} }

// limit is how many requests may be in flight.
func (w *window) limit() int { return int(w.size) }

func (w *window) open() bool { return w.inFlight < w.limit() }

// send counts a request and notes in it how crowded it is.
func (w *window) send(b *batch) {
	w.sent++
	w.inFlight++
	b.number, b.beside = w.sent, w.inFlight
	b.fills = !w.open()
}

// answered counts a request's end.
func (w *window) answered() { w.inFlight-- }

// taken notes that a request was carried out after some time.
func (w *window) taken(b *batch, took time.Duration) {
	switch waiting := w.waiting(b, took); {
	case b.number <= w.cut:
	case waiting > mostWaiting:
		w.shrink(b)
	case b.fills && waiting < fewWaiting:
		w.size = min(w.size+1/w.size, float64(w.most))
	}
}

// waiting is how many of the requests in flight only waited, by the time that
// b took: none of them, if it took no longer than one that was alone. Small
// requests tell nothing: most of their time is spent on the way.
func (w *window) waiting(b *batch, took time.Duration) float64 {
	if !b.large || took <= 0 {
		return 0
	}
	pace := took.Seconds() / float64(b.size)
	if w.least == 0 || pace < w.least {
		w.least = pace
	}
	waiting := float64(b.beside) * (1 - w.least/pace)
	w.least += (pace - w.least) * aging
	return waiting
}

// shrink halves the window, once for all requests that were in flight
// together.
func (w *window) shrink(b *batch) {
	if b.number <= w.cut {
		return
	}
	w.size, w.cut = max(1, w.size/2), w.sent
}
