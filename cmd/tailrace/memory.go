package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/dustin/go-humanize"

	"github.com/tailrace/tailrace/internal/cgroup"
)

// limitShare is how much of the control group's limit the heap may take, in
// percent. The rest is for stacks, the program itself and the kernel's buffers.
const limitShare = 80

// limitMemory has the garbage collector keep within the limit of the control
// group, above which the kernel kills the agent: by itself it lets the heap grow
// to twice of what is used. What is set by GOMEMLIMIT holds instead.
func limitMemory(log *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit, limited := cgroup.MemoryLimit("/")
	if !limited {
		return
	}
	debug.SetMemoryLimit(limit / 100 * limitShare)
	log.Info("memory is limited by the control group", "limit", humanize.IBytes(uint64(limit)), "aim", humanize.IBytes(uint64(limit/100*limitShare)))
}
