package tail

import (
	"compress/gzip"
	"os"
	"testing"
)

func TestCompressedWhileDown(t *testing.T) { runScenario(t, "gzip_down") }

func TestCompressedWhileRunning(t *testing.T) { runScenario(t, "gzip_running") }

func TestCompressedInTheMiddleOfARecord(t *testing.T) { runScenario(t, "gzip_open") }

func TestCompressedAndNotAskedFor(t *testing.T) { runScenario(t, "gzip_only_known") }

func TestCompressedFilesThatBeginAlike(t *testing.T) { runScenario(t, "gzip_alike") }

func TestCompressedFileThatIsStillWritten(t *testing.T) { runScenario(t, "gzip_growing") }

func TestDamagedCompressedFiles(t *testing.T) { runScenario(t, "gzip_damaged") }

func TestCompressedSuccessorIsNoLoss(t *testing.T) { runScenario(t, "gzip_vanished") }

func TestCompressedSparseFile(t *testing.T) { runScenario(t, "gzip_hole") }

func TestCompressedBeforeTheStart(t *testing.T) { runScenario(t, "gzip_start") }

// gzip compresses a file, and adds it as a member to what is there.
func (w *world) gzip(name, to string) {
	content, err := os.ReadFile(w.path(name))
	w.must(err)
	f, err := os.OpenFile(w.path(to), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	w.must(err)
	z := gzip.NewWriter(f)
	_, err = z.Write(content)
	w.must(err)
	w.must(z.Close())
	w.must(f.Close())
}

// damage turns a byte over; places below zero count from the end.
func (w *world) damage(name string, at int) {
	content, err := os.ReadFile(w.path(name))
	w.must(err)
	if at < 0 {
		at += len(content)
	}
	content[at] ^= 0xff
	w.must(os.WriteFile(w.path(name), content, 0o644))
}

func TestRecordGoesOnBehindACompressedFileThatWasGivenUp(t *testing.T) {
	runScenario(t, "gzip_open_given_up")
}

func TestRecordOfBeforeTheStartGoesOnInACompressedFileThatWasGivenUp(t *testing.T) {
	runScenario(t, "gzip_open_given_up_again")
}

func TestRecordOfACompressedLogGoesOnInALogThatIsStillEmpty(t *testing.T) {
	runScenario(t, "gzip_open_empty")
}

func TestTouchedLogIsReadBesideACompressedFileThatWasGivenUp(t *testing.T) {
	runScenario(t, "gzip_touched")
}

func TestRecordIsOpenBeyondALogInBetweenThatIsCompressed(t *testing.T) { runScenario(t, "gzip_passed") }
