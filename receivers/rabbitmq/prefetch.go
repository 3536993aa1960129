package rabbitmq

// window is how many messages the broker may send ahead: as many as fit into
// the memory by the largest message so far. It begins with what fits of the
// largest that any broker takes, and grows by what it has seen.
type window struct {
	// budget is the memory for messages, in bytes, most the limit of a number.
	budget int64
	most   int
	// limit is the number now; seen counts messages since it was set.
	limit, seen int
	largest     int
}

const (
	// largestMessage is RabbitMQ 4's default of max_message_size.
	largestMessage = 16 << 20
	// growth is by how much the window grows at once. A change costs the time
	// in which all messages in hand are delivered.
	growth = 4
)

func newWindow(budget int64, most int) window {
	return window{budget: budget, most: most, limit: fit(budget, largestMessage, most)}
}

// fit is how many messages of a size there may be.
func fit(budget int64, size, most int) int {
	return int(max(1, min(budget/int64(max(1, size)), int64(most))))
}

func (w *window) note(size int) {
	w.seen++
	w.largest = max(w.largest, size)
}

// wanted is the number that there should be now. It changes in few steps.
func (w *window) wanted() int {
	switch room := fit(w.budget, w.largest, w.most); {
	case w.seen == 0:
		return w.limit
	case room < w.limit:
		// Messages that are a little larger still are no reason for the next change.
		return max(1, room/4*3)
	case w.seen >= w.limit && room >= 2*w.limit:
		return min(room, growth*w.limit)
	}
	return w.limit
}

// set begins anew with a number.
func (w *window) set(limit int) { w.limit, w.seen = limit, 0 }
