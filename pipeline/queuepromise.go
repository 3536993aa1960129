package pipeline

import (
	"slices"

	"github.com/tailrace/tailrace/pipeline/config"
)

// PromiseOfQueues says when a message of a queue is acknowledged, and where what
// cannot be delivered is then; nothing of a configuration that takes none.
func PromiseOfQueues(cfg *config.Config) string {
	j := &cfg.Service.Journal
	switch {
	case !takesFrames(cfg):
		return ""
	case j.Type != config.InMemory:
		return "a message of a queue is acknowledged when it is on the disk of " + j.Directory + ", which has the only copy then"
	case j.Directory == "":
		return "a message of a queue is acknowledged when every exporter with on_full: block has delivered it; " + unreadableWithoutDisk(j) +
			": set service.journal.directory to keep both on a disk"
	}
	return "a message of a queue is acknowledged when every exporter with on_full: block has delivered, parked or dead-lettered its documents; " +
		"those that are parked or dead, and messages that nobody can read, are only in " + j.Directory + ": it must outlive this machine or pod"
}

// takesFrames says whether a pipeline has a receiver of whole frames.
func takesFrames(cfg *config.Config) bool {
	for _, p := range cfg.Service.Pipelines {
		if slices.ContainsFunc(p.Receivers, isOfFrames) {
			return true
		}
	}
	return false
}

func unreadableWithoutDisk(j *config.Journal) string {
	if j.DeadLetter.OnFull == config.Block {
		return "one that nobody can read holds its queue"
	}
	return "one that nobody can read is left to the dead-letter exchange of its queue, and lost without one"
}
