package search

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	// niceness is the least favourable that is commonly used: beside a busy
	// agent, a search gets about a tenth of a core's time.
	niceness = 10
	// heapLimit keeps the process under 24 MiB resident with the program's
	// own pages.
	heapLimit = 12 << 20
	// ioprioIdle is IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0), ioprioThread is
	// IOPRIO_WHO_PROCESS (linux/ioprio.h).
	ioprioIdle   = 3 << 13
	ioprioThread = 1
)

// StepBack makes the process one that an agent in the same container hardly
// notices: little memory, one processor, low priority for processor and disk,
// and the first to go when the container runs out of memory. What the system
// refuses is left as it is: a search is useful without it.
func StepBack() {
	stepBack(func(thread int) { _ = unix.Setpriority(unix.PRIO_PROCESS, thread, niceness) })
}

// StepFarBack is StepBack for searches that others ask for from afar, maybe many
// at once: they get what the agent leaves of the processor (SCHED_IDLE,
// sched(7)).
func StepFarBack() {
	stepBack(func(thread int) {
		_ = unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE, Nice: niceness}, 0)
	})
}

// stepBack calls lower for every thread.
func stepBack(lower func(thread int)) {
	debug.SetMemoryLimit(heapLimit)
	debug.SetGCPercent(50)
	runtime.GOMAXPROCS(1)
	// 1000 is OOM_SCORE_ADJ_MAX; raising it needs no privilege.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o644)
	// Linux has both priorities per thread; new threads take them over.
	threads, _ := os.ReadDir("/proc/self/task")
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			lower(id)
			_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioThread, uintptr(id), ioprioIdle)
		}
	}
}
