package frame

// Missing is a range of a source whose documents were in a frame that the disk
// did not keep: from the state that the source had before the frame to the one
// after it. Whoever still has the source can read the range once more, and
// with the same states frames it into the same records.
type Missing struct{ From, To Source }
