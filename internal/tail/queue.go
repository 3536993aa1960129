package tail

import "sync"

// queue holds the chains that may have something to read, in the order in
// which they are served.
type queue struct {
	mu   sync.Mutex
	ring []*chain
	head int
	size int
}

func (q *queue) push(c *chain) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.size)%len(q.ring)] = c
	q.size++
}

func (q *queue) grow() {
	ring := make([]*chain, max(16, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}

// pop returns nil when the queue is empty.
func (q *queue) pop() *chain {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size == 0 {
		return nil
	}
	c := q.ring[q.head]
	q.ring[q.head] = nil
	q.head = (q.head + 1) % len(q.ring)
	q.size--
	return c
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size == 0
}
