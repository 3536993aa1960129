// Package tail reads growing files: it finds them, opens them beneath their
// roots, recognises them across rotation and restarts, splits them into
// records and says how far each is consumed.
//
// Work is split in two. The Engine's goroutine discovers, opens and measures
// files and never waits for a reader, so that rotation is seen while delivery
// is blocked. Each Lane is driven by its owner's goroutine, which pulls
// batches of records from the lane's files; everything that belongs to the
// contents of a file (identity, framing, position) is the lane's alone. They
// share, per chain of files, a list that the engine publishes, and per file a
// few atomics and a lock around the descriptor.
package tail
