package nodestream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// credit is what the asker has granted and the node has not spent: bytes. The
// last line may take more than was left.
type credit struct {
	mu   sync.Mutex
	left int
	more chan struct{}
}

// read takes in grants until the asker leaves.
func (c *credit) read(in io.Reader, leave context.CancelCauseFunc) {
	silence := time.AfterFunc(KeepaliveLimit, func() { leave(fmt.Errorf("%w: it was silent for %s", ErrLeft, KeepaliveLimit)) })
	defer silence.Stop()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		silence.Reset(KeepaliveLimit)
		n, err := strconv.Atoi(lines.Text())
		if err != nil || n < 0 {
			leave(fmt.Errorf("standard input says %.80q, which is no number of bytes: this is the protocol of kubectl tailrace, leave --stream out", lines.Text()))
			return
		}
		c.grant(n)
	}
	leave(ErrLeft)
}

func (c *credit) grant(n int) {
	c.mu.Lock()
	c.left += n
	c.mu.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
}

func (c *credit) some() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left > 0
}

func (c *credit) spend(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left -= n
}

// await waits until there is something.
func (c *credit) await(ctx context.Context) error {
	for !c.some() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.more:
		}
	}
	return nil
}
