package status

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2025, 3, 5, 12, 0, 0, 0, time.UTC)

func exampleReport() *Report {
	return &Report{
		Time: noon, Live: true, Node: "node-1", Version: "0.1.0",
		Journal: Journal{Directory: "/var/lib/tailrace", First: 1, Last: 1042, Bytes: 71 << 20, Oldest: noon.Add(-20 * time.Hour), Newest: noon.Add(-time.Second)},
		Exporters: []Exporter{
			{Name: "elasticsearch", Position: 1000, PendingFrames: 42, PendingLines: 4170, PendingBytes: 1 << 20, Oldest: noon.Add(-90 * time.Second),
				Delivered: 98112, Dead: 3, Parked: 12, Held: "401 Unauthorized", Cure: "check api_key"},
			{Name: "console", Position: 1042, Delivered: 102297},
		},
		Queues: []Queue{
			{Receiver: "rabbitmq", Name: "tailrace-0", Connected: "mq1:5671", Consuming: true, Received: 20, Acknowledged: 12, Returned: 4, Dropped: 1, Dead: 1, Outstanding: 2, Oldest: noon.Add(-3 * time.Second)},
			{Receiver: "rabbitmq", Name: "tailrace-1", Reason: "no route to host \x1b[2J", Cure: "see whether it runs", Since: noon.Add(-time.Minute)},
		},
		Files: []File{
			{Path: "/var/log/pods/shop_cart-0_8c1f/cart/1.log", State: "reading", Identity: "shop_cart-0_8c1f/cart/1", ID: "5f0c2d1e5f0c2d1e5f0c2d1e5f0c2d1e",
				Namespace: "shop", Pod: "cart-0", Container: "cart", Offset: 52_000, Size: 52_431, Format: "json",
				LastFrame: noon.Add(-time.Second), LastFrameSeq: 1042, Lines: 411, InDocs: 400, Dropped: 11},
			{Path: "/var/log/pods/shop_cart-0_8c1f/cart/0.log", State: "done", Identity: "shop_cart-0_8c1f/cart/0", ID: "0e2d",
				Namespace: "shop", Pod: "cart-0", Container: "cart", Offset: 10_000, Size: -1, Quarantined: true,
				LastFrame: noon.Add(-time.Hour), Lines: 90, InDocs: 90, Lost: 512},
			{Path: "/var/log/pods/shop_pay-0_77aa/pay/0.log", State: "excluded", Reason: "exclude: shop/pay-*", Size: 700, Namespace: "shop", Pod: "pay-0", Container: "pay"},
			{Path: "/var/log/pods/shop_evil\x1b[2J/x/0.log", State: "refused", Reason: "a symbolic link"},
		},
		Annotations: []Annotation{
			{Namespace: "shop", Pod: "cart-0", Key: "tailrace.io/sample", Why: `"\x1b[2J" is no number`},
			{Namespace: "shop", Key: "tailrace.io/formt", Why: "there is no such setting"},
		},
	}
}

// TestScreens shows a report as status prints it: all files on a line each,
// and the files of one pod in detail.
func TestScreens(t *testing.T) {
	onDisk := exampleReport()
	onDisk.Problems = []string{"cursor \"console\" is unreadable"}
	onDisk.Live, onDisk.Why = false, "none answers at localhost:9464"
	onDisk.Exporters, onDisk.Journal.Full, onDisk.Journal.Damaged = nil, true, 2
	onDisk.Keep(func(f *File) bool { return f.Pod == "cart-0" })
	nothing := exampleReport()
	nothing.Keep(func(*File) bool { return false })
	for name, c := range map[string]struct {
		report *Report
		look   Look
	}{
		"files":   {exampleReport(), Look{UTC: true}},
		"pod":     {onDisk, Look{UTC: true, Detail: true}},
		"nothing": {nothing, Look{UTC: true, Detail: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := c.report.Print(&out, c.look); err != nil {
				t.Fatal(err)
			}
			checkGolden(t, filepath.Join("testdata", name+".txt"), out.Bytes())
		})
	}
}

func checkGolden(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), run with -update to accept:\n%s", golden, diff)
	}
}

// TestReportSurvivesJSON: what the agent serves is what the command shows.
func TestReportSurvivesJSON(t *testing.T) {
	b, err := json.Marshal(exampleReport())
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exampleReport(), &got); diff != "" {
		t.Error(diff)
	}
}
