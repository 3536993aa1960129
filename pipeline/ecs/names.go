// Package ecs knows how the OpenTelemetry semantic conventions are called in
// the Elastic Common Schema, for documents of mapping ecs and for what reads
// them.
package ecs

import "strings"

// Version is that of the schema which the documents keep to.
const Version = "8.17.0"

// Mark is the field that ends those that are the same for all documents of a
// file: what the line says stands behind it, but for Last.
const Mark = "ecs.version"

// Last are the fields of a record that the agent writes behind those of the
// line.
var Last = [...]string{"event.severity", "log.level", "trace.id", "span.id", "message"}

// resource has the names that the Collector contrib's elasticsearch exporter
// gives to attributes of the resource, and those of Filebeat where it has none.
var resource = map[string]string{
	"cloud.platform":              "cloud.service.name",
	"container.image.tags":        "container.image.tag",
	"container.runtime.name":      "container.runtime",
	"deployment.environment":      "service.environment",
	"deployment.environment.name": "service.environment",
	"host.arch":                   "host.architecture",
	"k8s.cluster.name":            "orchestrator.cluster.name",
	"k8s.cluster.uid":             "orchestrator.cluster.id",
	"k8s.container.name":          "kubernetes.container.name",
	"k8s.container.restart_count": "kubernetes.container.restart_count",
	"k8s.cronjob.name":            "kubernetes.cronjob.name",
	"k8s.daemonset.name":          "kubernetes.daemonset.name",
	"k8s.deployment.name":         "kubernetes.deployment.name",
	"k8s.job.name":                "kubernetes.job.name",
	"k8s.namespace.name":          "kubernetes.namespace",
	"k8s.node.name":               "kubernetes.node.name",
	"k8s.pod.name":                "kubernetes.pod.name",
	"k8s.pod.uid":                 "kubernetes.pod.uid",
	"k8s.replicaset.name":         "kubernetes.replicaset.name",
	"k8s.statefulset.name":        "kubernetes.statefulset.name",
	"os.name":                     "host.os.name",
	"os.type":                     "host.os.platform",
	"os.version":                  "host.os.version",
	"process.runtime.name":        "service.runtime.name",
	"process.runtime.version":     "service.runtime.version",
	"service.instance.id":         "service.node.name",
}

// prefixes are those of resource attributes with a key of the user's behind.
var prefixes = [...][2]string{
	{"k8s.pod.label.", "kubernetes.labels."},
	{"k8s.pod.annotation.", "kubernetes.annotations."},
	{"k8s.namespace.label.", "kubernetes.namespace_labels."},
	{"k8s.namespace.annotation.", "kubernetes.namespace_annotations."},
}

// Resource is what an attribute of the resource is called.
func Resource(name string) string {
	if to, ok := resource[name]; ok {
		return to
	}
	for _, p := range prefixes {
		if key, ok := strings.CutPrefix(name, p[0]); ok {
			return p[1] + key
		}
	}
	return name
}

// Attribute is what becomes of a record's attribute.
type Attribute struct {
	// Name is the field that takes the value.
	Name string
	// Single says that the field takes one text, where OpenTelemetry has a
	// list.
	Single bool
	// Host is a field that has the value too, IP one that has it if it is an
	// address, Nanos one that has its seconds in nanoseconds.
	Host, IP, Nanos string
}

// attributes are those whose names differ, or that fill a second field.
var attributes = map[string]Attribute{
	"client.address":                   {Name: "client.address", IP: "client.ip"},
	"code.file.path":                   {Name: "log.origin.file.name"},
	"code.line.number":                 {Name: "log.origin.file.line"},
	"coredns.duration":                 {Name: "coredns.duration", Nanos: "event.duration"},
	"coredns.question.class":           {Name: "dns.question.class"},
	"coredns.question.type":            {Name: "dns.question.type"},
	"coredns.response_code":            {Name: "dns.response_code"},
	"exception.message":                {Name: "error.message"},
	"exception.stacktrace":             {Name: "error.stack_trace"},
	"exception.type":                   {Name: "error.type"},
	"http.request.body.size":           {Name: "http.request.body.bytes"},
	"http.request.header.referer":      {Name: "http.request.referrer", Single: true},
	"http.request.header.x-request-id": {Name: "http.request.id", Single: true},
	"http.request.size":                {Name: "http.request.bytes"},
	"http.response.body.size":          {Name: "http.response.body.bytes"},
	"http.response.size":               {Name: "http.response.bytes"},
	"http.server.request.duration":     {Name: "http.server.request.duration", Nanos: "event.duration"},
	"log.iostream":                     {Name: "stream"},
	"log.record.original":              {Name: "event.original"},
	"network.protocol.version":         {Name: "http.version"},
	"process.exit.code":                {Name: "process.exit_code"},
	"server.address":                   {Name: "server.address", Host: "url.domain"},
	"thread.id":                        {Name: "process.thread.id"},
	"thread.name":                      {Name: "process.thread.name"},
}

// AttributeOf is what becomes of an attribute that the agent named.
func AttributeOf(name string) Attribute {
	if a, ok := attributes[name]; ok {
		return a
	}
	return Attribute{Name: name}
}

// sets are the objects of the schema that applications most often use as the
// name of a text of their own.
var sets = map[string]struct{}{
	"agent": {}, "client": {}, "cloud": {}, "container": {}, "destination": {}, "device": {}, "dns": {},
	"error": {}, "event": {}, "file": {}, "geo": {}, "group": {}, "host": {}, "http": {}, "kubernetes": {},
	"labels": {}, "log": {}, "network": {}, "observer": {}, "orchestrator": {}, "organization": {},
	"package": {}, "process": {}, "registry": {}, "related": {}, "rule": {}, "server": {}, "service": {},
	"source": {}, "span": {}, "threat": {}, "tls": {}, "trace": {}, "transaction": {}, "url": {}, "user": {},
	"user_agent": {}, "volume": {},
}

// IsSet reports whether the schema has an object of that name, so that an index
// refuses a text in its place.
func IsSet(name []byte) bool {
	_, ok := sets[string(name)]
	return ok
}
