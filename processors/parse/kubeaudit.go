package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// kubeAudit has the keys of the Kubernetes API server's audit events
// (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/).
var kubeAudit = newAccessObject("kubernetes.audit", []objectKey{
	{"stageTimestamp", accessField{means: meansISO}},
	{"requestURI", accessField{means: meansTarget}},
	{"userAgent", text("user_agent.original")},
	{"auditID", text("kubernetes.audit.id")},
	{"verb", text("kubernetes.audit.verb")},
	{"stage", text("kubernetes.audit.stage")},
	{"level", text("kubernetes.audit.level")},
	{"kind", accessField{}},
	{"apiVersion", accessField{}},
	{"user", accessField{}},
	{"sourceIPs", accessField{}},
	{"responseStatus", accessField{}},
	{"requestReceivedTimestamp", text("kubernetes.audit.request_received")},
}, []string{"auditID"}, []string{"stage"}, []string{"stageTimestamp"}, []string{"requestURI"})

// Places of keys in kubeAudit.
const (
	auditID       = 3
	auditKind     = 7
	auditVersion  = 8
	auditUser     = 9
	auditSources  = 10
	auditResponse = 11
)

// parseKubeAudit reads the audit log of kube-apiserver and of servers made of
// its parts. An audit id is no trace id, but search finds it.
func parseKubeAudit(l *line) bool {
	if !bytes.HasPrefix(l.text, []byte(`{"kind":"Event","apiVersion":"audit.k8s.io/`)) {
		return l.fail(reasonMisfit, 0)
	}
	if !l.scan() {
		return false
	}
	var at places
	present := kubeAudit.find(l.text, l.members, &at)
	if !kubeAudit.known(present) {
		return l.fail(reasonMisfit, 0)
	}
	a := access{l: l}
	l.r.Severity = sevInfo
	const own = 1<<auditKind | 1<<auditVersion | 1<<auditUser | 1<<auditSources | 1<<auditResponse
	a.putMembers(kubeAudit, present&^own, &at, l.members, 0)
	l.takeRequestID(&l.members[at[auditID]-1])
	for _, k := range [...]int{auditKind, auditVersion} {
		l.members[at[k]-1].Mark = markTaken
	}
	if n := at[auditResponse]; n != 0 {
		a.auditStatus(&l.members[n-1])
	}
	if n := at[auditUser]; n != 0 {
		a.auditUser(&l.members[n-1])
	}
	if n := at[auditSources]; n != 0 {
		a.auditSource(&l.members[n-1])
	}
	l.auditObjects()
	l.addMembers()
	l.objectBody()
	l.dataset("kubernetes.audit")
	return true
}

// auditObjects keeps the objects of an event under names of their own, since
// "user" is one of the conventions' too.
func (l *line) auditObjects() {
	for i := range l.members {
		m := &l.members[i]
		name := auditObject(l.text[m.Key:m.KeyEnd])
		if name == "" || m.Kind != strictjson.Object && m.Kind != strictjson.Array {
			continue
		}
		m.Mark = markTaken
		l.addJSON(name, l.span(int(m.Value), int(m.ValueEnd)))
	}
}

func auditObject(key []byte) string {
	switch string(key) {
	case "user":
		return "kubernetes.audit.user"
	case "impersonatedUser":
		return "kubernetes.audit.impersonatedUser"
	case "sourceIPs":
		return "kubernetes.audit.sourceIPs"
	case "objectRef":
		return "kubernetes.audit.objectRef"
	case "responseStatus":
		return "kubernetes.audit.responseStatus"
	case "requestObject":
		return "kubernetes.audit.requestObject"
	case "responseObject":
		return "kubernetes.audit.responseObject"
	case "annotations":
		return "kubernetes.audit.annotations"
	}
	return ""
}

// auditStatus takes the code; the object, which says why a request failed,
// stays.
func (a *access) auditStatus(m *strictjson.Member) {
	if code, _ := a.l.member(m, "code"); code != nil && code.Kind == strictjson.Number {
		a.status(a.l.span(int(m.Value+code.Value), int(m.Value+code.ValueEnd)))
	}
}

// auditUser takes the name; the object has groups and more.
func (a *access) auditUser(m *strictjson.Member) {
	if name, _ := a.l.member(m, "username"); name != nil && name.Kind == strictjson.String && !name.EscapedValue {
		a.text("user.name", a.l.span(int(m.Value+name.Value)+1, int(m.Value+name.ValueEnd)-1))
	}
}

// auditSource takes the first address of the list, the client's.
func (a *access) auditSource(m *strictjson.Member) {
	list := a.l.text[m.Value:m.ValueEnd]
	if m.Kind != strictjson.Array || len(list) < 4 || list[1] != '"' {
		return
	}
	if end := bytes.IndexByte(list[2:], '"'); end > 0 {
		from := int(m.Value) + 2
		a.putAddress(meansIP, a.l.span(from, from+end))
	}
}
