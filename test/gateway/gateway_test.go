package gateway

import (
	"testing"
	"time"
)

// Frames that come twice, over a gateway that is killed, are in Elasticsearch
// once.
func TestElasticsearchHoldsEveryDocumentOnceThatCameThroughAQueue(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	for seq := range 20 {
		r.publish(r.frameOf("node-1", seq, 50, now))
	}
	gateway := r.start()
	r.stored(1000, gateway)
	gateway.Kill()
	for seq := range 40 {
		r.publish(r.frameOf("node-1", seq, 50, now))
	}
	gateway = r.start()
	r.stored(2000, gateway)
	gateway.Stop()
}
