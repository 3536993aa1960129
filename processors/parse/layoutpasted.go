package parse

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// pastedEnvoy is Envoy's format out of the YAML or JSON that a configuration has
// it in: text_format_source with its inline_string, text_format, Istio's
// accessLogFormat. Without such a key the text is the format itself.
func pastedEnvoy(s string) string {
	var v any
	if yaml.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	if format := envoyFormatIn(v); format != "" {
		return format
	}
	return s
}

// envoyFormatIn looks for the format in what YAML says.
func envoyFormatIn(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range []string{"inline_string", "inlineString", "text_format", "textFormat", "accessLogFormat"} {
			if s, ok := v[key].(string); ok {
				return s
			}
		}
		for _, inner := range v {
			if s := envoyFormatIn(inner); s != "" {
				return s
			}
		}
	case []any:
		for _, inner := range v {
			if s := envoyFormatIn(inner); s != "" {
				return s
			}
		}
	}
	return ""
}

// traefikFields reports whether a layout is the section of Traefik's
// configuration, or its flags, that says which fields an access log has
// (https://doc.traefik.io/traefik/observability/access-logs/). Traefik's lines
// are understood whichever they are.
func traefikFields(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, " \t\r\n-[{\""))
	return strings.HasPrefix(s, "accesslog") && !strings.Contains(s, "%")
}
