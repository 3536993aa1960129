package tail

import "sync"

// queue holds the chains that may have something to read. It serves them as
// FQ-CoDel serves flows (RFC 8290, section 4): those that had nothing to read
// until now come first and get one turn, then they take turns with the others.
// So a chain with little to read waits for turns of its like only, however
// many have much; and since a chain must have come round without anything to
// read before it is new again, many with little do not keep the others out.
type queue struct {
	mu          sync.Mutex
	fresh, busy ring
}

// push adds a chain behind those of its kind.
func (q *queue) push(c *chain) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.served.Load() {
		q.busy.push(c)
	} else {
		q.fresh.push(c)
	}
}

// pop returns nil when the queue is empty.
func (q *queue) pop() *chain {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fresh.size > 0 {
		return q.fresh.pop()
	}
	return q.busy.pop()
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fresh.size+q.busy.size == 0
}

// ring is a first-in-first-out list that grows.
type ring struct {
	all        []*chain
	head, size int
}

func (r *ring) push(c *chain) {
	if r.size == len(r.all) {
		r.grow()
	}
	r.all[(r.head+r.size)%len(r.all)] = c
	r.size++
}

func (r *ring) grow() {
	all := make([]*chain, max(16, 2*len(r.all)))
	n := copy(all, r.all[r.head:])
	copy(all[n:], r.all[:r.head])
	r.all, r.head = all, 0
}

// pop returns nil when the ring is empty.
func (r *ring) pop() *chain {
	if r.size == 0 {
		return nil
	}
	c := r.all[r.head]
	r.all[r.head] = nil
	r.head = (r.head + 1) % len(r.all)
	r.size--
	return c
}
