package encode

import (
	"cmp"

	"github.com/tailrace/tailrace/pipeline/event"
)

// dataStream names where a document goes: logs-<dataset>-<namespace>, with
// .otel behind the dataset in Elastic's OpenTelemetry mode.
type dataStream struct{ dataset, namespace string }

const (
	defaultDataset   = "generic"
	defaultNamespace = "default"
	otelSuffix       = ".otel"
	// maxName is the longest dataset or namespace (Elastic's data stream
	// naming scheme), in bytes.
	maxName = 100
)

func streamOf(src *event.Source, dataset, suffix string) dataStream {
	dataset = cleanName(cmp.Or(dataset, src.Dataset), '_', maxName-len(suffix))
	namespace := cleanName(src.DataStreamNamespace, '-', maxName)
	return dataStream{cmp.Or(dataset, defaultDataset) + suffix, cmp.Or(namespace, defaultNamespace)}
}

func (d dataStream) index() string { return "logs-" + d.dataset + "-" + d.namespace }

// cleanName keeps lower-case letters, digits, dots, underscores and extra,
// makes capitals small and everything else an underscore. A dataset must not
// have the hyphen that separates the parts; both must be free of
// \/*?"<>| ,#: and of capitals.
func cleanName(name string, extra byte, limit int) string {
	b := []byte(name)
	b = b[:min(len(b), limit)]
	for i, c := range b {
		switch {
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '_', c == extra:
		default:
			b[i] = '_'
		}
	}
	return string(b)
}
