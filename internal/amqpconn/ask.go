package amqpconn

import (
	"context"
	"fmt"
	"time"
)

// answerLimit is how long the broker may take to answer a question: for a queue
// that has no leader it may take for ever, and its heartbeats go on meanwhile.
const answerLimit = 30 * time.Second

var errNoAnswer = fmt.Errorf("the broker has not answered for %s, as it does for a queue without a leader", answerLimit)

// Ask calls a function that asks the broker something, for which the library
// waits without a limit. When there is no answer in time, or ctx ends, it severs
// the connection and returns why.
func (c *Connection) Ask(ctx context.Context, question func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerLimit, errNoAnswer)
	defer cancel()
	stop := context.AfterFunc(ctx, c.Sever)
	err := question()
	if !stop() {
		err = context.Cause(ctx)
	}
	return err
}

// farewell is how long the broker may take to say good-bye.
const farewell = 2 * time.Second

// Leave closes the connection in order, as far as the broker answers.
func (c *Connection) Leave() {
	// Who waits for the socket to take something keeps the library from it.
	limit := time.AfterFunc(farewell, c.Sever)
	defer limit.Stop()
	// The broker has nothing to say to it that matters.
	_ = c.CloseDeadline(time.Now().Add(farewell))
	c.Sever()
}
