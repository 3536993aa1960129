package doctor

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"go.yaml.in/yaml/v3"
)

// Rotation is what the kubelet keeps of a container's log (KubeletConfiguration
// of kubelet.config.k8s.io/v1beta1).
type Rotation struct {
	// MaxSize is the size at which a log is rotated, MaxFiles how many there are
	// with the one that is written.
	MaxSize  int64
	MaxFiles int
	// Interval is how often the kubelet looks; empty on older ones.
	Interval string
	// From is where this was found, empty for the kubelet's defaults.
	From string
}

// The kubelet's defaults, and where kubeadm and others put its configuration.
const (
	defaultMaxSize  = 10 << 20
	defaultMaxFiles = 5
	kubeletConfig   = "/var/lib/kubelet/config.yaml"
)

// ReadRotation finds the kubelet's settings below root: in the configuration
// that its command line names, or in the usual place. Flags win over the file.
func ReadRotation(root string) (Rotation, error) {
	r := Rotation{MaxSize: defaultMaxSize, MaxFiles: defaultMaxFiles}
	flags := kubeletFlags(root)
	name := cmp.Or(flags["config"], kubeletConfig)
	text, err := os.ReadFile(filepath.Join(root, name))
	switch {
	case err == nil:
		r.From = name
		err = r.read(text)
	case errors.Is(err, fs.ErrNotExist) && flags["config"] == "":
		err = nil
	}
	if err != nil {
		return r, err
	}
	return r, r.override(flags)
}

// read takes the settings of a configuration file.
func (r *Rotation) read(text []byte) error {
	var c struct {
		MaxSize  string `yaml:"containerLogMaxSize"`
		MaxFiles int    `yaml:"containerLogMaxFiles"`
		Interval string `yaml:"containerLogMonitorInterval"`
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("%s: %w", r.From, err)
	}
	r.Interval, r.MaxFiles = c.Interval, cmp.Or(c.MaxFiles, r.MaxFiles)
	return r.size(c.MaxSize)
}

func (r *Rotation) size(s string) error {
	if s == "" {
		return nil
	}
	// A quantity's Mi is what others call MiB.
	n, err := humanize.ParseBytes(s)
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("containerLogMaxSize %q is not understood", s)
	}
	r.MaxSize = int64(n)
	return nil
}

func (r *Rotation) override(flags map[string]string) error {
	if n, err := strconv.Atoi(flags["container-log-max-files"]); err == nil {
		r.MaxFiles = n
	}
	if flags["container-log-max-size"] != "" {
		r.From = "the kubelet's command line"
	}
	return r.size(flags["container-log-max-size"])
}

// kubeletFlags are those of the kubelet that runs below root. In a container
// only the container's own processes are seen, and there are none.
func kubeletFlags(root string) map[string]string {
	flags := map[string]string{}
	lines, _ := filepath.Glob(filepath.Join(root, "proc/[0-9]*/cmdline"))
	for _, name := range lines {
		text, _ := os.ReadFile(name)
		args := strings.Split(string(bytes.TrimRight(text, "\x00")), "\x00")
		if path.Base(args[0]) != "kubelet" {
			continue
		}
		for i, a := range args[1:] {
			key, value, ok := strings.Cut(strings.TrimLeft(a, "-"), "=")
			if !ok && i+2 < len(args) {
				value = args[i+2]
			}
			flags[key] = value
		}
	}
	return flags
}

// Writer is a container, and how fast it writes.
type Writer struct {
	Name string
	// Rate is in bytes a second. Behind are bytes that were written and not read.
	Rate   float64
	Behind int64
}

// Slack is for how long a container's log may stay unread before the kubelet
// deletes what was not: just after a rotation, all its files but the new one.
func (r *Rotation) Slack(w Writer) time.Duration {
	kept := float64(r.MaxSize)*float64(max(r.MaxFiles-1, 1)) - float64(w.Behind)
	return time.Duration(min(max(kept, 0)/w.Rate, math.MaxInt32) * float64(time.Second))
}

// A restart of the agent, or a roll-out of a new one, must fit into the slack of
// every container; one in which a person helps should.
const (
	leastSlack  = 10 * time.Second
	enoughSlack = time.Minute
	wantedSlack = 10 * time.Minute
	// worstWriters is how many containers are named.
	worstWriters = 3
)

// Check names the containers whose logs are deleted soonest if nobody reads them.
func (r *Rotation) Check(writers []Writer) []Finding {
	const check = "rotation"
	writers = slices.DeleteFunc(slices.Clone(writers), func(w Writer) bool { return w.Rate <= 0 })
	if len(writers) == 0 {
		return []Finding{fine(check, "no container wrote anything while doctor looked; %s", r)}
	}
	slices.SortFunc(writers, func(a, b Writer) int { return cmp.Compare(r.Slack(a), r.Slack(b)) })
	var all []Finding
	for i, w := range writers[:min(len(writers), worstWriters)] {
		slack := r.Slack(w)
		if i > 0 && slack >= enoughSlack {
			break
		}
		f := fine(check, "%s writes %s/s: %s of slack; %s", w.Name, size(w.Rate), rounded(slack), r)
		switch {
		case slack < leastSlack:
			f = f.or(Wrong, r.cure(w))
		case slack < enoughSlack:
			f = f.or(Warning, r.cure(w))
		}
		all = append(all, f)
	}
	return all
}

// cure gives a container ten minutes.
func (r *Rotation) cure(w Writer) string {
	need := (w.Rate*wantedSlack.Seconds() + float64(w.Behind)) / float64(max(r.MaxFiles-1, 1))
	return fmt.Sprintf("set containerLogMaxSize: %dMi in the kubelet's configuration, which gives it %s, or have it write less",
		int64(math.Ceil(need/(1<<20))), rounded(wantedSlack))
}

func (r *Rotation) String() string {
	from := cmp.Or(r.From, "the kubelet's defaults, since its configuration is not seen from here")
	return fmt.Sprintf("the kubelet keeps %d rotated files of %s (%s)", r.MaxFiles-1, size(float64(r.MaxSize)), from)
}

// rounded is a duration as people say it.
func rounded(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
