package pods

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/tail"
)

// The names under which the kubelet keeps logs:
// <namespace>_<pod>_<uid>/<container>/<restart>.log[.<time of rotation>[.gz]]
// (kuberuntime, BuildPodLogsDirectory; container_log_manager.go). Namespaces
// and containers are DNS labels, pods are DNS subdomains (RFC 1123), so none
// has an underscore. Directories are written by the kubelet, but what stands
// in their place is checked like any other name.
var logFile = regexp.MustCompile(`^(\d{1,9})\.log(?:\.(\d{8})-(\d{6})(\.gz)?)?$`)

// The longest names: of a DNS label, of a DNS subdomain, and of a uid, which is
// a UUID, for static pods the 32 hex digits of a hash, or what their manifest
// says.
const maxLabel, maxSubdomain, maxUID = 63, 253, 128

func isLabel(s string) bool { return len(s) <= maxLabel && isDNS(s, "-") }

func isSubdomain(s string) bool { return len(s) <= maxSubdomain && isDNS(s, "-.") }

func isDNS(s, inner string) bool {
	return consistsOf(s, digits+lower, inner) && strings.IndexByte(inner, s[len(s)-1]) < 0
}

func isUID(s string) bool { return len(s) <= maxUID && consistsOf(s, digits+lower+upper, "-.") }

const digits, lower, upper = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// consistsOf says whether s is not empty, begins with one of the characters
// first, and has only these and inner ones behind it. All directories are
// checked at every look, for which regular expressions are too slow.
func consistsOf(s, first, inner string) bool {
	for i := range len(s) {
		if strings.IndexByte(first, s[i]) < 0 && (i == 0 || strings.IndexByte(inner, s[i]) < 0) {
			return false
		}
	}
	return s != ""
}

// pod is what the name of a pod's directory says.
type pod struct{ namespace, name, uid string }

func parsePod(dir string) (pod, bool) {
	namespace, rest, _ := strings.Cut(dir, "_")
	name, uid, _ := strings.Cut(rest, "_")
	return pod{namespace, name, uid}, isLabel(namespace) && isSubdomain(name) && isUID(uid)
}

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
	if restart, ok := strings.CutSuffix(name, ".log"); ok && len(restart) <= 9 && consistsOf(restart, digits, "") {
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
