package parse

import (
	"errors"
	"fmt"
	"strings"
)

// languages are the servers whose own words for an access log's layout are
// understood.
var languages = []struct {
	format, key string
	compile     func(string) (*layout, error)
	// speaks reports whether a layout is in the server's language.
	speaks func(string) bool
}{
	{"nginx", "log_format", nginxLayout, speaksNginx},
	{"envoy", "text_format", envoyLayout, speaksEnvoy},
	{"haproxy", "log-format", haproxyLayout, speaksHAProxy},
	{"apache", "LogFormat", apacheLayout, func(s string) bool { return strings.Contains(s, "%") }},
}

// dialects are the formats that are written in the language of another.
var dialects = map[string]string{"ingress-nginx": "nginx", "istio": "envoy"}

func speaksNginx(s string) bool {
	if _, ok := directive(s, "log_format"); ok {
		return true
	}
	dollar := strings.IndexByte(s, '$')
	return dollar >= 0 && dollar+1 < len(s) && (s[dollar+1]|0x20 >= 'a' && s[dollar+1]|0x20 <= 'z' || s[dollar+1] == '{')
}

func speaksEnvoy(s string) bool {
	percent := strings.IndexByte(s, '%')
	if percent < 0 {
		return false
	}
	name, _, n := splitOperator(s[percent:])
	return n > 0 && len(name) > 1
}

// speaksHAProxy looks for variables that Apache does not have.
func speaksHAProxy(s string) bool {
	if _, ok := directive(s, "log-format"); ok {
		return true
	}
	for _, sign := range []string{"%ci", "%[", "%{+", "%{-", "%tr", "%ST", "%HM", "%TR", "%ft", "%HU"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

// CheckLayout is an error for a layout that cannot be compiled: text in the
// language of the server that format names, or of the one that it looks like.
func CheckLayout(format, text string) error {
	if text == "" || traefikFields(text) && (format == "" || format == FormatAuto || strings.HasPrefix(format, "traefik")) {
		return nil
	}
	_, err := givenLayout(format, text)
	return err
}

// givenLayout compiles a layout that a user gave.
func givenLayout(format, text string) (*layout, error) {
	text = strings.TrimSpace(text)
	if server, ok := dialects[format]; ok {
		format = server
	}
	if strings.HasPrefix(format, "traefik") || strings.HasPrefix(format, "caddy") {
		return nil, fmt.Errorf("%s needs none: its lines are understood whichever of its fields are kept", format)
	}
	for _, g := range languages {
		named := g.format == format || format == "" || format == FormatAuto
		if named && (g.format == format || g.speaks(text)) {
			y, err := g.compile(text)
			if err != nil {
				return nil, fmt.Errorf("read as %s's %s: %w", g.format, g.key, err)
			}
			return y, nil
		}
	}
	if format != "" && format != FormatAuto {
		return nil, fmt.Errorf("format %s has no layout: only nginx, apache, envoy, istio and haproxy do", format)
	}
	return nil, errors.New("it is neither nginx's log_format ($remote_addr …), Apache's LogFormat (%h …), Envoy's text_format (%START_TIME% …), HAProxy's log-format (%ci …) nor Traefik's accessLog (accessLog: …)")
}

// maxLayouts bounds those that are kept compiled: whoever may annotate a pod can
// have any number come and go.
const maxLayouts = 256

// layoutKey names a layout among those that a parser has compiled.
type layoutKey struct{ format, text string }

// layoutOf is the layout of a source, compiled once; nil when it has none.
// Validation has refused one that cannot be compiled before.
func (p *Parser) layoutOf(format, text string) *layout {
	if text == "" || traefikFields(text) {
		return nil
	}
	key := layoutKey{format, text}
	if y, ok := p.layouts[key]; ok {
		return y
	}
	y, err := givenLayout(format, text)
	if err != nil {
		p.log.Error("a source's log_format is not used", "error", err)
	}
	if len(p.layouts) == maxLayouts {
		// Open sources have their own.
		clear(p.layouts)
	}
	p.layouts[key] = y
	return y
}

// givenCandidates are the formats of a source with a layout: it and the error
// log of the same server.
func givenCandidates(y *layout) []uint8 {
	found := []uint8{formatGiven}
	for i := range formats {
		if formats[i].name == y.product+"-error" {
			found = append(found, uint8(i))
		}
	}
	return found
}

// parseGiven reads a line by the layout that its source was given.
func parseGiven(l *line) bool {
	if l.src.layout == nil {
		return l.fail(reasonMisfit, 0)
	}
	if at := l.matchLayout(l.src.layout, 0); at >= 0 {
		return l.fail(reasonLayout, at)
	}
	return true
}
