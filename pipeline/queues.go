package pipeline

import (
	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/telemetry"
)

// collectQueues tells of the queues that frames come from.
func (a *Agent) collectQueues(e telemetry.Emit) {
	for _, r := range a.frameReceivers {
		for _, s := range r.Stats() {
			for outcome, n := range map[string]uint64{"acknowledged": s.Acknowledged, "returned": s.Returned, "dead": s.Dead, "dropped": s.Dropped} {
				e.Value(queueMessages, float64(n), r.name, s.Queue, outcome)
			}
			e.Value(queueRedelivered, float64(s.Redelivered), r.name, s.Queue)
			e.Value(queueBytes, float64(s.Bytes), r.name, s.Queue)
			e.Value(queueDocuments, float64(s.Documents), r.name, s.Queue)
			e.Value(queueOutstanding, float64(s.Outstanding), r.name, s.Queue)
			e.Value(queuePrefetch, float64(s.Prefetch), r.name, s.Queue)
			e.Value(queueConnected, number(s.Connected != ""), r.name, s.Queue)
			e.Value(queueConsuming, number(s.Consuming), r.name, s.Queue)
		}
	}
}

// reportQueues are the same for people.
func (a *Agent) reportQueues() (all []status.Queue) {
	for _, r := range a.frameReceivers {
		for _, s := range r.Stats() {
			all = append(all, status.Queue{
				Receiver: r.name, Name: s.Queue, Connected: s.Connected, Consuming: s.Consuming,
				Received: s.Received, Acknowledged: s.Acknowledged, Returned: s.Returned, Dead: s.Dead, Dropped: s.Dropped,
				Outstanding: uint64(s.Outstanding), Oldest: s.Oldest,
				Reason: s.Reason, Cure: s.Cure, Since: s.Since,
			})
		}
	}
	return all
}
