package shipping

import "sync"

// answer is what a request came to.
type answer struct {
	batch    *batch
	response *Response
	// done gives back what was packed for the request.
	done func()
}

// inbox keeps answers for the shipper, and interrupts what it waits in.
type inbox struct {
	mu        sync.Mutex
	answers   []answer
	interrupt func()
}

func (i *inbox) put(a answer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answers = append(i.answers, a)
	if i.interrupt != nil {
		i.interrupt()
	}
}

// take empties the inbox.
func (i *inbox) take() []answer {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := i.answers
	i.answers = nil
	return all
}

// watch has interrupt called when there is an answer, until it is called with
// nil.
func (i *inbox) watch(interrupt func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.interrupt = interrupt
	if interrupt != nil && len(i.answers) > 0 {
		interrupt()
	}
}
