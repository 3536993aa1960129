package render

import (
	"fmt"
	"io"
	"strings"
)

// Report writes each line of message behind the program's name. A message may
// hold bytes of logs, configurations and servers, which must not reach a
// terminal as they are.
func Report(w io.Writer, message string) {
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, "\n")
		fmt.Fprintf(w, "tailrace: %s\n", Escape(nil, []byte(line)))
	}
}
