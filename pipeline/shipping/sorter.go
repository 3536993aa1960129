package shipping

import "time"

// sorter goes through an answer document by document.
type sorter struct {
	*core
	now      time.Time
	response *Response
	decision decision
	// stores says that the answer stored a document.
	stores bool

	// doc is the number of the next document in the request, errors what is
	// left of the response's.
	doc    int
	errors []ItemError
	// placed counts documents that have a final place by this answer, stuck
	// explains the first that has none, and refused says that a person has to
	// change something about it.
	placed  int
	stuck   *ItemError
	refused bool
	// busy counts documents that the backend had no room for.
	busy int
}

// fragment sorts f's documents and queues what is left of it.
func (s *sorter) fragment(f *fragment) {
	s.firstRefusal(f)
	var rest, unfit []int
	for i := range f.count() {
		o := s.response.Outcomes[s.doc]
		why := s.explanation()
		s.doc++
		if o == Busy {
			s.busy++
		}
		switch {
		case o <= Exists:
			f.flight.left--
			f.flight.counts.stored.add(f.flight.amount(f.doc(i)))
		case o == Unmappable && s.rewrites && !f.rewritten:
			unfit = append(unfit, f.doc(i))
			s.decision.rewrite = append(s.decision.rewrite, f.loss(i, why))
		case o >= Rejected:
			s.decision.dead = append(s.decision.dead, f.loss(i, why))
		case s.parks(f, o):
			s.decision.parked = append(s.decision.parked, f.loss(i, why))
		default:
			rest = append(rest, f.doc(i))
			s.keep(o, why)
			continue
		}
		s.placed++
	}
	s.again(f, rest)
	if len(unfit) > 0 {
		s.queue = append(s.queue, &fragment{flight: f.flight, docs: unfit, rewritten: true, ready: s.now, due: s.now})
	}
}

func (s *sorter) keep(o Outcome, why ItemError) {
	if s.stuck == nil {
		s.stuck, s.refused = &why, o == Refused
	}
}

// firstRefusal notes what f's documents are measured against. Documents that
// were stored by this very answer count as stored since.
func (s *sorter) firstRefusal(f *fragment) {
	if f.tries > 0 {
		return
	}
	f.since, f.before = s.now, s.answers
	if s.stores {
		f.before--
	}
}

// parks says whether a document of f waits apart from the others: its index
// refuses it, or has been busy for long, while others are stored.
func (s *sorter) parks(f *fragment, o Outcome) bool {
	others := f.before < s.answers
	return s.policy.parks && others && (o == Refused || s.now.Sub(f.since) >= parkAfter)
}

// again queues the documents that are left of f, behind the others.
func (s *sorter) again(f *fragment, rest []int) {
	if len(rest) == 0 {
		return
	}
	if len(rest) < f.flight.docs {
		f.docs = rest
	}
	f.tries++
	f.refusals, f.signature, f.alone = 0, "", false
	f.ready = s.now.Add(max(s.response.RetryAfter, s.policy.wait(f.tries)))
	f.due = f.ready
	s.queue = append(s.queue, f)
}

// explanation is the response's error of the document at hand.
func (s *sorter) explanation() ItemError {
	if len(s.errors) > 0 && s.errors[0].Doc == s.doc {
		e := s.errors[0]
		s.errors = s.errors[1:]
		return e
	}
	return ItemError{}
}
