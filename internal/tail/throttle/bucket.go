// Package throttle paces bytes: it knows when so many more of them may be
// used, and never that any must not.
package throttle

import "time"

// Bucket is a token bucket in the form of a virtual schedule (the generic cell
// rate algorithm, ITU-T I.371): who reserves bytes is told when they may be
// used, in the order of asking. Times are nanoseconds since any epoch. It has
// no lock.
type Bucket struct {
	rate, burst int64
	// next is when everything that was reserved has been paid for.
	next, last int64
}

// NewBucket gives rate bytes a second from now on, and as many at once as come
// in burst after a time without any.
func NewBucket(rate int64, burst time.Duration, now int64) *Bucket {
	return &Bucket{rate: rate, burst: int64(burst), next: now - int64(burst), last: now}
}

// Reserve takes n bytes and returns when they may be used: at once when that
// is not after now.
func (b *Bucket) Reserve(n, now int64) int64 {
	if now < b.last {
		// The clock was set back; nobody waits for it to come round again.
		b.next -= b.last - now
	}
	b.last = now
	start := max(b.next, now-b.burst)
	b.next = start + b.worth(n)
	return start
}

// Add takes n bytes more than were reserved; when negative it gives back.
func (b *Bucket) Add(n int64) { b.next += b.worth(n) }

// worth is the time in which n bytes come.
func (b *Bucket) worth(n int64) int64 {
	const second = int64(time.Second)
	return n/b.rate*second + n%b.rate*second/b.rate
}

// IsFull says whether the bucket is as good as a new one.
func (b *Bucket) IsFull(now int64) bool { return b.next <= now-b.burst }
