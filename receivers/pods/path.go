package pods

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/tail"
)

// The names of files in the directory of a container's logs (container_log_manager.go):
// <restart>.log[.<time of rotation>[.gz]].
var logFile = regexp.MustCompile(`^(\d{1,9})\.log(?:\.(\d{8})-(\d{6})(\.gz)?)?$`)

// logName is what the name of a log file says: which restart of the container
// wrote it, when it was rotated away, and whether it is compressed.
type logName struct {
	restart    int
	order      int64
	compressed bool
	// link says that it is a symbolic link.
	link bool
}

// parseLog refuses every other file of the directory, such as the .tmp in which
// the kubelet compresses.
func parseLog(name string) (logName, bool) {
	// Most are live, and looked at often.
	if restart, ok := strings.CutSuffix(name, ".log"); ok && len(restart) <= 9 && strings.Trim(restart, "0123456789") == "" {
		n, err := strconv.Atoi(restart)
		return logName{restart: n, order: tail.Live}, err == nil
	}
	m := logFile.FindStringSubmatch(name)
	if m == nil {
		return logName{}, false
	}
	// The pattern leaves nothing that is no number.
	restart, _ := strconv.Atoi(m[1])
	if m[2] == "" {
		return logName{restart: restart, order: tail.Live}, true
	}
	order, _ := strconv.ParseInt(m[2]+m[3], 10, 64)
	return logName{restart: restart, order: order, compressed: m[4] != ""}, true
}
