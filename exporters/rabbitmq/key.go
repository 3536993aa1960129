package rabbitmq

import (
	"strconv"
	"strings"
)

// keyPrefix is the first word of all keys.
const keyPrefix = "logs"

// The parts of a key are bounded so that a key has less than 255 bytes (AMQP
// 0-9-1, 4.2.5.3), and as Elasticsearch bounds those of a data stream's name.
const maxWord = 100

// keys makes routing keys for one node.
type keys struct {
	// suffix is the number of the node's queue, with a dot, where there are
	// several.
	suffix string
}

func newKeys(c *Config, node string) keys {
	if c.Queues == 1 {
		return keys{}
	}
	return keys{"." + strconv.Itoa(c.shard(node))}
}

// frame is the key of a class, whose names are checked.
func (k keys) frame(class string) string { return keyPrefix + "." + class + k.suffix }

// document is the key of a document. What the namespace and the dataset are
// called is somebody else's: they are cleaned, and the namespace is one word.
func (k keys) document(namespace, dataset string) string {
	return keyPrefix + "." + strings.ReplaceAll(clean(namespace), ".", "_") + "." + clean(dataset) + k.suffix
}

// unnamed is the word for what has no name.
const unnamed = "default"

// clean keeps small letters, digits, hyphens, underscores and single dots
// between them. Capitals become small, anything else an underscore: among it
// what means something in a binding (* and #).
func clean(s string) string {
	if len(s) > maxWord {
		s = s[:maxWord]
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.':
			if len(b) == 0 || b[len(b)-1] == '.' {
				continue
			}
		default:
			c = '_'
		}
		b = append(b, c)
	}
	if word := strings.TrimSuffix(string(b), "."); word != "" {
		return word
	}
	return unnamed
}

// binding matches every key of a queue.
func (c *Config) binding(shard int) string {
	if c.Queues == 1 {
		return keyPrefix + ".#"
	}
	return keyPrefix + ".#." + strconv.Itoa(shard)
}
