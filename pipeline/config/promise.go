package config

// PromiseInMemory is what a journal in memory promises anywhere.
const PromiseInMemory = "the journal is in memory: a line is acknowledged when every exporter with on_full: block has delivered it"

// PromisePositions is what is promised besides where positions are kept.
const PromisePositions = "positions are kept on disk: after a crash, lines delivered since they were last saved are sent again under the same ids"

// PromiseNothingKept is what is promised where nothing is kept.
func (j *Journal) PromiseNothingKept() string {
	const positions = "no positions are kept: after a restart start_at of each receiver says where files begin"
	if j.DeadLetter.OnFull == Block {
		return positions + "; documents that a backend refuses hold their exporter"
	}
	return positions + "; documents that a backend refuses for good are lost, and those that their index refuses hold their exporter"
}

// Promise says what a journal in memory promises, and nothing of one on disk.
func (j *Journal) Promise() string {
	switch {
	case j.Type != InMemory:
		return ""
	case j.Directory == "":
		return PromiseInMemory + "; " + j.PromiseNothingKept()
	}
	return PromiseInMemory + "; " + PromisePositions + "; if " + j.Directory + " cannot be written, " + j.PromiseNothingKept()
}
