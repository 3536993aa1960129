package kubernetes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// annotation is what an annotation's key says.
type annotation struct {
	// key is one of Keys; container is empty for all.
	key, container string
	// by names it in full, with whose it is.
	by string
	// foreign annotations are those of other agents. negated says that theirs
	// asks the opposite, stream that it is about one stream.
	foreign, negated bool
	stream           string
}

// The streams by the names that annotations have for them.
const (
	stdout = "stdout"
	stderr = "stderr"
)

// parseKey reports false for the key of an annotation that is about something
// else.
func parseKey(key string) (annotation, bool) {
	if rest, ok := strings.CutPrefix(key, prefix); ok {
		name, container, _ := strings.Cut(rest, ".")
		return annotation{key: name, container: container}, true
	}
	if rest, ok := strings.CutPrefix(key, "co.elastic.logs"); ok {
		return parseElastic(rest)
	}
	if rest, ok := strings.CutPrefix(key, "fluentbit.io/"); ok {
		return parseFluentBit(rest)
	}
	return annotation{}, false
}

// parseElastic reads co.elastic.logs[.container]/enabled behind its beginning
// (Filebeat, "Hints based autodiscover").
func parseElastic(rest string) (annotation, bool) {
	container, ok := strings.CutSuffix(rest, "/enabled")
	if !ok || container != "" && container[0] != '.' {
		return annotation{}, false
	}
	return annotation{key: keyExclude, container: strings.TrimPrefix(container, "."), foreign: true, negated: true}, true
}

// parseFluentBit reads exclude[_stream][-container] and
// parser[_stream][-container] (Fluent Bit, filter "Kubernetes").
func parseFluentBit(rest string) (annotation, bool) {
	name, container, _ := strings.Cut(rest, "-")
	name, stream, _ := strings.Cut(name, "_")
	if stream != "" && stream != stdout && stream != stderr {
		return annotation{}, false
	}
	a := annotation{container: container, foreign: true, stream: stream}
	switch name {
	case "exclude":
		a.key = keyExclude
	case "parser":
		a.key = keyFormat
	}
	return a, a.key != ""
}

// orStream says what else than true and false an exclusion may be.
func (a *annotation) orStream() string {
	if a.foreign {
		return ""
	}
	return ", " + stdout + " or " + stderr
}

// parsers are formats by the names that the same have in the parsers.conf that
// Fluent Bit comes with. What unwraps a runtime's lines is always done.
var parsers = map[string]string{
	"json": "json", "docker": "auto", "cri": "auto", "docker-daemon": "logfmt", "logfmt": "logfmt",
	"nginx": "nginx", "k8s-nginx-ingress": "ingress-nginx", "apache": "apache", "apache2": "apache", "apache_error": "apache-error",
	"envoy": "envoy", "istio-envoy-proxy": "istio",
}

// format is the name of the format that is asked for.
func (a *annotation) format(value string) (string, error) {
	if !a.foreign {
		return value, nil
	}
	if a.stream != "" {
		return "", fmt.Errorf("a parser for one stream is not followed: formats are recognised, for each stream by itself; "+
			"write %s%s for both", prefix, keyFormat)
	}
	format, ok := parsers[value]
	if !ok {
		return "", fmt.Errorf("no format is known by the name %s, so it is recognised; known are %s; or write %s%s",
			show(value), strings.Join(slices.Sorted(maps.Keys(parsers)), ", "), prefix, keyFormat)
	}
	return format, nil
}
