package cgroup

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryLimitIsTheLowestOnTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		own   string
		files map[string]string
		want  int64
	}{
		"no groups": {"", nil, 0},
		"version 2": {"0::/kubepods/pod1/c1\n", map[string]string{
			"kubepods/pod1/c1/memory.max": "max\n", "kubepods/pod1/memory.max": "67108864\n", "kubepods/memory.max": "1073741824\n",
		}, 64 << 20},
		"version 2, slowed down before": {"0::/system.slice/tailrace.service\n", map[string]string{
			"system.slice/tailrace.service/memory.max": "268435456\n", "system.slice/tailrace.service/memory.high": "201326592\n",
		}, 192 << 20},
		"version 2, in a container": {"0::/\n", map[string]string{"memory.max": "1000\n"}, 1000},
		"version 2, no limit":       {"0::/a\n", map[string]string{"a/memory.max": "max\n"}, 0},
		"version 1": {"5:cpu,cpuacct:/x\n4:memory:/pod/c\n0::/\n", map[string]string{
			"memory/pod/c/memory.limit_in_bytes": "50000000\n", "memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 50_000_000},
		"version 1, the host's path": {"4:hugetlb,memory:/docker/abc\n", map[string]string{"memory/memory.limit_in_bytes": "70000000\n"}, 70_000_000},
		"version 1, no limit":        {"4:memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"nonsense":                   {"memory\n0::/../..\n", map[string]string{"memory.max": "-3\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put(t, filepath.Join(root, "proc/self/cgroup"), c.own)
			for file, content := range c.files {
				put(t, filepath.Join(root, "sys/fs/cgroup", file), content)
			}
			got, limited := MemoryLimit(root)
			if limited != (c.want > 0) || limited && got != c.want {
				t.Errorf("%d, %v; want %d", got, limited, c.want)
			}
		})
	}
	if _, limited := MemoryLimit(t.TempDir()); limited {
		t.Error("a limit without /proc")
	}
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
