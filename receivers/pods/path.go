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
var (
	label     = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	subdomain = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$`)
	// A uid is a UUID, for static pods the 32 hex digits of a hash, or what
	// their manifest says.
	uid     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$`)
	logFile = regexp.MustCompile(`^(\d{1,9})\.log(?:\.(\d{8})-(\d{6})(\.gz)?)?$`)
)

// pod is what the name of a pod's directory says.
type pod struct{ namespace, name, uid string }

func parsePod(dir string) (pod, bool) {
	parts := strings.Split(dir, "_")
	if len(parts) != 3 || !label.MatchString(parts[0]) || !subdomain.MatchString(parts[1]) || !uid.MatchString(parts[2]) {
		return pod{}, false
	}
	return pod{parts[0], parts[1], parts[2]}, true
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
