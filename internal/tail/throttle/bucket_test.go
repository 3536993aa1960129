package throttle

import (
	"testing"
	"time"
)

const second = int64(time.Second)

// take uses up what b gives of n bytes at a time until a moment, and returns
// how much that was.
func take(b *Bucket, n, now, until int64) (total int64) {
	for {
		start := b.Reserve(n, now)
		if now = max(now, start); now >= until {
			return total
		}
		total += n
	}
}

func TestRateAndBurst(t *testing.T) {
	for _, tt := range []struct {
		name             string
		rate, n, seconds int64
		burst            time.Duration
	}{
		{"small turns", 1 << 20, 4 << 10, 60, time.Second},
		{"turns that are more than the burst", 4 << 10, 1 << 20, 36_000, time.Second},
		{"a large burst", 1 << 20, 64 << 10, 60, 30 * time.Second},
		{"more than a gigabyte a second", 3 << 30, 1 << 20, 10, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := 1_700_000_000 * second
			b := NewBucket(tt.rate, tt.burst, begin)
			got := take(b, tt.n, begin, begin+tt.seconds*second)
			want := tt.rate*tt.seconds + int64(float64(tt.rate)*tt.burst.Seconds())
			if got < want-tt.n || got > want+tt.n {
				t.Errorf("%d bytes in %d s, want %d, give or take a turn of %d", got, tt.seconds, want, tt.n)
			}
		})
	}
}

// What is asked for later is not given earlier.
func TestReservationsAreServedInOrder(t *testing.T) {
	b := NewBucket(1000, time.Second, 10*second)
	last := int64(0)
	for i := range 20 {
		start := b.Reserve(500, 10*second)
		if start < last {
			t.Fatalf("the %d. reservation begins at %d, before one that was made earlier at %d", i, start, last)
		}
		last = start
	}
	if want := 10*second - second + 19*second/2; last != want {
		t.Errorf("the last begins at %d, want %d", last, want)
	}
}

func TestWhatWasNotUsedIsGivenBack(t *testing.T) {
	b := NewBucket(1000, time.Second, 10*second)
	b.Reserve(5000, 10*second)
	b.Add(-5000)
	if !b.IsFull(10 * second) {
		t.Error("the bucket must be full")
	}
	b.Add(2000)
	if start := b.Reserve(0, 10*second); start != 11*second {
		t.Errorf("after using 2 s more, one of them the burst, it goes on at %d, want %d", start, 11*second)
	}
}

// A clock that is set back by a day delays nobody by a day.
func TestClockSetBack(t *testing.T) {
	now := 1_700_000_000 * second
	b := NewBucket(1000, time.Second, now)
	b.Reserve(3000, now)
	now -= 86_400 * second
	if wait := b.Reserve(0, now) - now; wait != 2*second {
		t.Errorf("it goes on after %s, want 2s", time.Duration(wait))
	}
}
