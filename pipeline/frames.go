package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
	"github.com/tailrace/tailrace/receivers/rabbitmq"
)

// rabbitmqType is the type of receivers that bring whole frames.
const rabbitmqType = "rabbitmq"

// frameReceiver brings whole frames from elsewhere, which go to the journal as
// they are: no lane reads them and no processor sees them.
type frameReceiver interface {
	// Run takes frames until receiving ends, and answers for those that were
	// taken until acknowledging ends.
	Run(receiving, acknowledging context.Context) error
	Stats() []rabbitmq.Stats
}

// namedReceiver is a frameReceiver with its name in the configuration.
type namedReceiver struct {
	name string
	frameReceiver
}

// isOfFrames tells the two kinds of receivers apart.
func isOfFrames(id config.ID) bool { return id.Type == rabbitmqType }

// onDiskBudget bounds the messages that wait for their fsync where the journal
// is on disk.
const onDiskBudget = 64 << 20

// newFrameReceiver makes what brings frames.
func (a *Agent) newFrameReceiver(id config.ID) (namedReceiver, error) {
	return build(a.cfg.Receivers[id], rabbitmq.DefaultConfig(), func(c rabbitmq.Config) (namedReceiver, error) {
		r, err := rabbitmq.New(c, rabbitmq.Options{
			Name:        "tailrace " + id.String() + " of " + a.node,
			Journal:     intake{a},
			DeadLetters: poison{a, id.String()},
			Budget:      a.frameBudget(),
			Logger:      a.log.With("receiver", id.String()),
		})
		return namedReceiver{id.String(), r}, err
	})
}

// newFrameReceivers makes all of them.
func (a *Agent) newFrameReceivers() (all []namedReceiver, err error) {
	for _, id := range a.conf.Receivers {
		if !isOfFrames(id) {
			continue
		}
		r, failed := a.newFrameReceiver(id)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("receiver %s: %w", id, failed))
		}
		all = append(all, r)
	}
	return all, err
}

func (a *Agent) countFrameReceivers() (n int) {
	for _, id := range a.conf.Receivers {
		if isOfFrames(id) {
			n++
		}
	}
	return n
}

// frameBudget is each receiver's share of the memory for frames.
func (a *Agent) frameBudget() int64 {
	budget := int64(onDiskBudget)
	if a.inMemory() {
		budget = int64(a.cfg.Service.Journal.MaxSize)
	}
	return budget / int64(max(1, a.countFrameReceivers()))
}

// intake is the agent's journal as receivers of frames see it.
type intake struct{ agent *Agent }

// Append implements rabbitmq.Journal.
func (i intake) Append(ctx context.Context, s *frame.Sealed) error {
	return i.agent.journal.Append(ctx, s)
}

// Withdraw implements rabbitmq.Journal. What is on disk is acknowledged and
// stays.
func (i intake) Withdraw(o frame.Origin) {
	if j, ok := i.agent.journal.(interface{ Withdraw(frame.Origin) }); ok {
		j.Withdraw(o)
	}
}

// poison keeps messages that nobody can read with the dead letters.
type poison struct {
	agent    *Agent
	receiver string
}

// Put implements rabbitmq.DeadLetters.
func (p poison) Put(ctx context.Context, m *rabbitmq.Poison) (durable bool, err error) {
	about, err := json.Marshal(m)
	if err != nil {
		// A header with a value that JSON does not have.
		m.Headers = nil
		about, _ = json.Marshal(m)
	}
	return p.agent.stores != nil, p.agent.dead.Put(ctx, []journal.Refused{{
		Time: time.Now(), Exporter: deadReceiver(p.receiver), Container: "queue " + strings.ToValidUTF8(m.Queue, "\uFFFD"),
		Type: "unreadable_message", Reason: m.Reason, Lines: 1,
		Action: about, Document: m.Body,
	}})
}

// deadReceiver is the name of a receiver's dead letters, which is no exporter's.
func deadReceiver(name string) string { return "receivers/" + name }
