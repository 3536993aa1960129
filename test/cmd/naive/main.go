// Command naive is an agent with the usual mistakes: it remembers its position
// now and then, keeps what it read in memory, and gives every document a new
// id. The kill test must catch it.
//
//	naive LOGFILE URL CHECKPOINT
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: naive LOGFILE URL CHECKPOINT")
		os.Exit(2)
	}
	a := agent{log: os.Args[1], url: os.Args[2], checkpoint: os.Args[3]}
	a.offset, _ = strconv.ParseInt(string(must(os.ReadFile(a.checkpoint))), 10, 64)
	for n := 0; ; n++ {
		a.read()
		// Out of step, so that a kill finds what is sent and not remembered about
		// as often as what is remembered and not sent.
		if n%9 == 0 {
			a.send()
		}
		if n%14 == 0 {
			_ = os.WriteFile(a.checkpoint, fmt.Append(nil, a.offset), 0o644)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type agent struct {
	log, url, checkpoint string
	offset               int64
	partial              map[string]string
	batch                bytes.Buffer
}

// read takes the log's new lines.
func (a *agent) read() {
	text := must(os.ReadFile(a.log))
	if a.partial == nil {
		a.partial = map[string]string{}
	}
	for a.offset < int64(len(text)) {
		line, _, whole := bytes.Cut(text[a.offset:], []byte("\n"))
		if !whole {
			return
		}
		a.offset += int64(len(line)) + 1
		if part := strings.SplitN(string(line), " ", 4); len(part) == 4 {
			a.partial[part[1]] += part[3]
			if part[2] == "F" {
				a.add(a.partial[part[1]])
				delete(a.partial, part[1])
			}
		}
	}
}

func (a *agent) add(text string) {
	body := must(json.Marshal(text))
	fmt.Fprintf(&a.batch, `{"create":{"_index":"logs-naive-default","_id":"%d"}}`+"\n"+`{"body":{"text":%s}}`+"\n",
		time.Now().UnixNano(), body)
}

// send posts the batch, and forgets it whatever the answer is.
func (a *agent) send() {
	if a.batch.Len() == 0 {
		return
	}
	resp, err := http.Post(a.url+"/_bulk", "application/x-ndjson", bytes.NewReader(a.batch.Bytes()))
	if err == nil {
		resp.Body.Close()
	}
	a.batch.Reset()
}

// must returns what there is: a naive agent does not look at errors.
func must[T any](v T, _ error) T { return v }
