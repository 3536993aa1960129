// Package cgroup knows how much memory the process's control group allows.
package cgroup

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// unlimited is from where on a limit of version 1 is none: the kernel shows the
// largest number of pages (Documentation/admin-guide/cgroup-v1/memory.rst).
const unlimited = math.MaxInt64 / 2

// hierarchy is where the kernel shows the groups of one kind, and the files with
// their limits.
type hierarchy struct {
	mount string
	files []string
}

// Above memory.high the kernel slows a group down, above memory.max it kills
// (Documentation/admin-guide/cgroup-v2.rst).
var (
	version1 = hierarchy{"sys/fs/cgroup/memory", []string{"memory.limit_in_bytes"}}
	version2 = hierarchy{"sys/fs/cgroup", []string{"memory.max", "memory.high"}}
)

// MemoryLimit is the lowest limit on the memory of this process's group and of
// those above it, in bytes; false when there is none or none can be read. Root is
// "/", or what stands for it in a test.
func MemoryLimit(root string) (limit int64, limited bool) {
	own, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0, false
	}
	limit = unlimited
	for line := range strings.Lines(string(own)) {
		// hierarchy:controllers:path (cgroups(7)); no controllers are version 2.
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch controllers := "," + parts[1] + ","; {
		case controllers == ",,":
			limit = min(limit, version2.lowest(root, parts[2]))
		case strings.Contains(controllers, ",memory,"):
			limit = min(limit, version1.lowest(root, parts[2]))
		}
	}
	return limit, limit < unlimited
}

// lowest looks at a group and all above it. In a container the path may be the
// host's, of which only the top is there: the container's own group.
func (h hierarchy) lowest(root, group string) int64 {
	limit := int64(unlimited)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		for _, name := range h.files {
			limit = min(limit, read(filepath.Join(root, h.mount, group, name)))
		}
		if group == "/" {
			return limit
		}
	}
}

// read is the limit in a file; one that is not there, or says max, is none.
func read(name string) int64 {
	b, err := os.ReadFile(name)
	if err != nil {
		return unlimited
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n <= 0 {
		return unlimited
	}
	return n
}
