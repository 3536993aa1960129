// Package podlogs knows the names under which the kubelet keeps the logs of
// containers: <namespace>_<pod>_<uid>/<container>/<restart>.log (kuberuntime,
// BuildPodLogsDirectory). Namespaces and containers are DNS labels, pods are DNS
// subdomains (RFC 1123), so none has an underscore. Directories are written by the
// kubelet, but what stands in their place is checked like any other name.
package podlogs

import "strings"

// Pod is what the name of a pod's directory says.
type Pod struct{ Namespace, Name, UID string }

// ParsePod reports whether a directory is called as that of a pod.
func ParsePod(dir string) (Pod, bool) {
	namespace, rest, _ := strings.Cut(dir, "_")
	name, uid, _ := strings.Cut(rest, "_")
	return Pod{namespace, name, uid}, isLabel(namespace) && isSubdomain(name) && isUID(uid)
}

// IsContainer reports whether a directory is called as that of a container.
func IsContainer(dir string) bool { return isLabel(dir) }

// Split takes the path identity of a container's log apart:
// <namespace>_<pod>_<uid>/<container>/<restart>. That of another file has no pod.
func Split(identity string) (p Pod, container, restart string) {
	dir, rest, _ := strings.Cut(identity, "/")
	p, ok := ParsePod(dir)
	if !ok {
		p = Pod{}
	}
	container, restart, _ = strings.Cut(rest, "/")
	return p, container, restart
}

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
