package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// node is a root directory with files.
func node(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestKubeletsSettingsAreFoundWhereTheyAre(t *testing.T) {
	const config = "kind: KubeletConfiguration\ncontainerLogMaxSize: 50Mi\ncontainerLogMaxFiles: 3\ncontainerLogMonitorInterval: 5s\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  Rotation
	}{
		{"nothing to be seen", nil, Rotation{MaxSize: 10 << 20, MaxFiles: 5}},
		{"kubeadm", map[string]string{"var/lib/kubelet/config.yaml": config},
			Rotation{MaxSize: 50 << 20, MaxFiles: 3, Interval: "5s", From: "/var/lib/kubelet/config.yaml"}},
		{"silent about logs", map[string]string{"var/lib/kubelet/config.yaml": "kind: KubeletConfiguration\n"},
			Rotation{MaxSize: 10 << 20, MaxFiles: 5, From: "/var/lib/kubelet/config.yaml"}},
		{"elsewhere", map[string]string{"proc/7/cmdline": "/usr/bin/kubelet\x00--config=/etc/kubelet.yaml\x00--v=2\x00", "etc/kubelet.yaml": config},
			Rotation{MaxSize: 50 << 20, MaxFiles: 3, Interval: "5s", From: "/etc/kubelet.yaml"}},
		{"flags win", map[string]string{"proc/7/cmdline": "kubelet\x00--container-log-max-size\x0020Mi\x00--container-log-max-files=4\x00", "var/lib/kubelet/config.yaml": config},
			Rotation{MaxSize: 20 << 20, MaxFiles: 4, Interval: "5s", From: "the kubelet's command line"}},
		{"another program", map[string]string{"proc/7/cmdline": "grep\x00kubelet\x00--container-log-max-size=1Mi\x00"},
			Rotation{MaxSize: 10 << 20, MaxFiles: 5}},
	} {
		if got, err := ReadRotation(node(t, tt.files)); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	for name, files := range map[string]map[string]string{
		"not YAML":                            {"var/lib/kubelet/config.yaml": "\t{"},
		"not a size":                          {"var/lib/kubelet/config.yaml": "containerLogMaxSize: much\n"},
		"the file that is named is not there": {"proc/7/cmdline": "kubelet\x00--config=/etc/none.yaml\x00"},
	} {
		if r, err := ReadRotation(node(t, files)); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSlackIsWhatRotationKeepsAtTheMeasuredRate(t *testing.T) {
	r := Rotation{MaxSize: 10 << 20, MaxFiles: 5}
	for _, tt := range []struct {
		writer Writer
		want   State
		says   string
		cure   string
	}{
		{Writer{Name: "shop/cart-0/cart", Rate: 1 << 20}, Warning, "shop/cart-0/cart writes 1.0 MiB/s: 40 s of slack; the kubelet keeps 4 rotated files of 10 MiB", "containerLogMaxSize: 150Mi"},
		{Writer{Name: "a", Rate: 1 << 20, Behind: 35 << 20}, Wrong, "5 s of slack", "containerLogMaxSize: 159Mi"},
		{Writer{Name: "a", Rate: 1 << 20, Behind: 90 << 20}, Wrong, "0 s of slack", "containerLogMaxSize"},
		{Writer{Name: "a", Rate: 100}, OK, "4 days of slack", ""},
		{Writer{Name: "a"}, OK, "no container wrote anything", ""},
	} {
		all := r.Check([]Writer{tt.writer})
		if f := all[0]; len(all) != 1 || f.State != tt.want || !strings.Contains(f.Says, tt.says) || !strings.Contains(f.Cure, tt.cure) || (f.Cure == "") != (tt.want == OK) {
			t.Errorf("%+v: %+v", tt.writer, all)
		}
	}
}

func TestContainersWithLeastSlackAreNamed(t *testing.T) {
	r := Rotation{MaxSize: 10 << 20, MaxFiles: 5}
	all := r.Check([]Writer{{Name: "calm", Rate: 1}, {Name: "loud", Rate: 1 << 20}, {Name: "louder", Rate: 2 << 20}, {Name: "idle"}})
	if len(all) != 2 || !strings.HasPrefix(all[0].Says, "louder ") || !strings.HasPrefix(all[1].Says, "loud ") {
		t.Errorf("%+v", all)
	}
}

func TestBuffersAreSaidInTimes(t *testing.T) {
	d := Disk{Directory: t.TempDir(), MaxSize: 1 << 20}
	for _, tt := range []struct {
		load Load
		want State
		says string
	}{
		{Load{}, OK, "nothing was written"},
		{Load{Rate: 1024, Packed: 0.25, Rotation: 40 * time.Second}, Warning, "the journal takes 25 %, its 1.0 MiB hold 68 min without a backend; then the log files hold 40 s"},
		{Load{Rate: 10, Packed: 0.1}, OK, "hold 12 days without"},
		{Load{Rate: 1024}, Warning, "the journal takes 50 %"},
	} {
		if f := d.Buffers(tt.load); f.State != tt.want || !strings.Contains(f.Says, tt.says) || (f.Cure == "") != (tt.want == OK) {
			t.Errorf("%+v: %+v", tt.load, f)
		}
	}
	if f := (Disk{Directory: "/proc/version/state"}).Buffers(Load{Rate: 1}); f.State != Wrong {
		t.Errorf("%+v", f)
	}
}

func TestAQueuesBufferIsSaidInTimesOfOneNode(t *testing.T) {
	l := Load{Rate: 1 << 20, Packed: 0.25}
	for bytes, says := range map[int64]string{
		0:        "rabbitmq: without max_length_bytes its queue holds what the broker's disk has above disk_free_limit; this node brings 256 KiB/s",
		10 << 30: "rabbitmq: the 10 GiB of its queue hold 11 h of this node without a consumer",
	} {
		if f := l.Queue("rabbitmq", bytes); f.State != OK || f.Check != "buffers" || !strings.HasPrefix(f.Says, says) {
			t.Errorf("%d bytes: %q", bytes, f.Says)
		}
	}
}
