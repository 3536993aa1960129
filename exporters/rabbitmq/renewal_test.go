package rabbitmq

import (
	"testing"
	"time"
)

// A connection that refuses everything is given up after two seconds, the next
// ones after longer, and after the first message that is taken soon again.
func TestARefusingConnectionIsGivenUpEverMoreRarely(t *testing.T) {
	var r renewal
	now := time.Unix(0, 0)
	lasts := func() (d time.Duration) {
		s := &session{}
		for began := now; ; now = now.Add(time.Second) {
			if r.due(s, []fate{refused}, now) {
				return now.Sub(began)
			}
		}
	}
	for _, want := range []time.Duration{2, 4, 8, 16} {
		if got := lasts(); got != want*time.Second {
			t.Errorf("given up after %v, want %ds", got, want)
		}
	}
	for range 20 {
		lasts()
	}
	if got := lasts(); got != maxRenewAfter {
		t.Errorf("given up after %v, want %v", got, maxRenewAfter)
	}
	r.due(&session{}, []fate{stored}, now)
	if got := lasts(); got != renewAfter {
		t.Errorf("given up after %v after a message was taken, want %v", got, renewAfter)
	}
}

// Messages that were returned or whose confirms are lost are no refusals, and a
// connection that takes some of them is not given up.
func TestOnlyRefusalsGiveAConnectionUp(t *testing.T) {
	var r renewal
	s, now := &session{}, time.Unix(0, 0)
	for _, fates := range [][]fate{{refused}, {returned}, {lost}, {refused, stored}, {refused}} {
		now = now.Add(time.Minute)
		if r.due(s, fates, now) {
			t.Errorf("given up at %v", fates)
		}
	}
}
