package checkpoint

import (
	"github.com/tailrace/tailrace/pipeline/event"
)

// Adopt gives the entries the ids that their contents have on a node, and says
// how many had others: those of the node that the positions were made on. A
// position holds for whoever finds the bytes before it, and what is read from
// there on is the node's that reads it. So a node that was given another name
// reads nothing twice, and two nodes that began with one state never give one id
// to different lines.
//
// It is called after the journal's frames were applied. Of two entries for one
// content, made before and after the change, the later one holds.
func (s *Store) Adopt(node string) (adopted int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, e := range s.entries {
		own := e.Identity.IDOn(node)
		if own == id {
			continue
		}
		adopted++
		s.adopt(e, own)
	}
	return adopted
}

func (s *Store) adopt(e *Entry, id event.SourceID) {
	s.drop(e)
	twin := s.entries[id]
	if twin == nil {
		e.ID = id
		s.add(&e.Source, e)
		return
	}
	counts := twin.Counts
	counts.Add(e.Counts)
	if e.LastSeen > twin.LastSeen {
		twin.Source, twin.LastSeen, twin.Absent = e.Source, e.LastSeen, e.Absent
		twin.ID = id
	}
	twin.Counts = counts
}
