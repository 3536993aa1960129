package status

import (
	"bytes"
	"testing"
	"time"
)

func TestNodesAreShownWithWhatIsWrong(t *testing.T) {
	now := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	err := PrintNodes(&out, []OfNode{
		{Node: "node-1", Report: &Report{Time: now, Live: true, Version: "1.2", Journal: Journal{Bytes: 5 << 20}, Files: []File{{Offset: 10, Size: 1034}, {Size: -1, Lost: 2048}}}},
		{Node: "node-2", Report: &Report{
			Time: now, Live: true, Version: "1.2", Journal: Journal{Full: true, Damaged: 3},
			Exporters: []Exporter{{Name: "elasticsearch", PendingLines: 7, Oldest: now.Add(-time.Minute), Dead: 1, Held: "401 \x1b[2J"}, {Name: "console", PendingLines: 2}},
		}},
		{Node: "node-3", Report: &Report{Time: now, Why: "none answers at :9464", Problems: []string{"checkpoint unreadable"}}},
		{Node: "node-4", Error: "no agent's pod is on it"},
	})
	const want = `NODE    VERSION  FILES  BEHIND   JOURNAL  PENDING  OLDEST    DEAD  LOST     STATE
node-1  1.2      2      1.0 KiB  5.0 MiB  0 lines  -         0     2.0 KiB  ok
node-2  1.2      0      0 B      0 B      7 lines  1m0s ago  1     0 B      the journal is full; 3 frames are damaged; elasticsearch: 401 \x1b[2J
node-3  -        0      0 B      0 B      0 lines  -         0     0 B      its agent does not answer: none answers at :9464; checkpoint unreadable
node-4  -        -      -        -        -        -         -     -        no answer: no agent's pod is on it
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}
