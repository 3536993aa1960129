package status

import (
	"fmt"
	"time"
)

// Queue is one that frames are received from; only a running agent knows of it.
type Queue struct {
	Receiver string `json:"receiver"`
	Name     string `json:"queue"`
	// Connected is the address of the broker's node, empty for none; Consuming
	// says that messages are asked for.
	Connected string `json:"connected,omitempty"`
	Consuming bool   `json:"consuming"`
	// Messages by what became of them: each of Received is in one of the
	// others.
	Received     uint64 `json:"received_messages"`
	Acknowledged uint64 `json:"acknowledged_messages"`
	Returned     uint64 `json:"returned_messages"`
	Dead         uint64 `json:"dead_messages"`
	Dropped      uint64 `json:"dropped_messages"`
	Outstanding  uint64 `json:"outstanding_messages"`
	// Oldest is when the oldest outstanding message came.
	Oldest time.Time `json:"oldest,omitzero"`
	// Reason says why no messages come, Cure what to change; Since is when that
	// began.
	Reason string    `json:"reason,omitempty"`
	Cure   string    `json:"cure,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

func (s *screen) queues() {
	if len(s.Queues) == 0 {
		return
	}
	fmt.Fprintln(s.w, "QUEUE\tRECEIVED\tACKNOWLEDGED\tRETURNED\tDEAD\tOUTSTANDING\tOLDEST\tSTATE")
	for i := range s.Queues {
		q := &s.Queues[i]
		fmt.Fprintf(s.w, "%s of %s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", safe(q.Name), safe(q.Receiver), q.Received, q.Acknowledged,
			q.Returned+q.Dropped, q.Dead, q.Outstanding, s.ago(q.Oldest), safe(s.stateOf(q)))
	}
	fmt.Fprintln(s.w)
}

func (s *screen) stateOf(q *Queue) string {
	state := "connecting"
	switch {
	case q.Consuming:
		return "receiving from " + q.Connected
	case q.Connected != "":
		state = "waiting"
	}
	if q.Reason != "" {
		state += " since " + s.clock(q.Since) + ": " + q.Reason
	}
	if q.Cure != "" {
		state += "; " + q.Cure
	}
	return state
}
