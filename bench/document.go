package main

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// kinds say what the groups of an access log's expression become, a letter each:
// . text, n a whole number, d a number that stays as it is written, m milliseconds
// that become seconds, a an address, p one with its port, l a list, t the line's
// time, x X-Ray's trace id.
var kinds = map[string]string{
	"nginx":         "a.t....nn...",
	"apache":        ".na.t....nn..",
	"ingress-nginx": "a.t....nn..nd..llll.",
	"traefik":       "a.t....nn..n..m",
	"envoy":         "t....n.nnmm.....",
	"istio":         "t....n....nnmm........p..",
	"haproxy":       "ant...mmmmmnn...nnnnnnn......",
	"linkerd":       "an.t...n...n",
	"aws-alb":       ".t.an.ndddnnnn...n.......x..n........",
}

// document is what a line becomes by an expression: attributes as the agent's
// record has them. What is escaped stays escaped, and names of methods and
// versions are not looked at, which is less than the agent does.
type document struct {
	by     *expression
	kinds  string
	fields []event.Field
	data   []byte
	time   int64
	trace  [16]byte
	utf8   bool
}

// read is expression.read that keeps what it finds.
func (d *document) read(line []byte) bool {
	d.fields, d.data = d.fields[:0], d.data[:0]
	d.utf8 = utf8.Valid(line)
	at := d.by.FindSubmatchIndex(line)
	if at == nil {
		return false
	}
	for g := range d.kinds {
		from, to := at[2*g+2], at[2*g+3]
		if from < 0 || from == to || to == from+1 && line[from] == '-' {
			continue
		}
		if !d.add(d.kinds[g], line[from:to], event.Span{Off: uint32(from), Len: uint32(to - from)}) {
			return false
		}
	}
	return true
}

// add adds the attribute that text, at s of the line, stands for. It reports false
// for a time in another layout.
func (d *document) add(kind byte, text []byte, s event.Span) bool {
	value := event.Text(s)
	switch kind {
	case 'n':
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return true
		}
		value = event.Int(n)
	case 'd', 'm':
		f, err := strconv.ParseFloat(string(text), 64)
		if err != nil || f < 0 {
			return true
		}
		value = event.JSON(s)
		if kind == 'm' {
			value = d.append(func(to []byte) []byte { return strconv.AppendFloat(to, f/1000, 'f', -1, 64) })
		}
	case 'a':
		_, _ = netip.ParseAddr(string(text))
	case 'p':
		_, _ = netip.ParseAddrPort(string(text))
	case 'l':
		value = d.append(func(to []byte) []byte { return appendList(to, text) })
	case 'x':
		if _, id, ok := bytes.Cut(text, []byte("Root=1-")); ok && len(id) >= 33 {
			_, _ = hex.Decode(d.trace[:4], id[:8])
			_, _ = hex.Decode(d.trace[4:], id[9:33])
		}
	case 't':
		t, err := time.Parse(d.by.layout, string(text))
		d.time = t.UnixNano()
		return err == nil
	}
	d.fields = append(d.fields, event.Field{Name: "attribute", Value: value})
	return true
}

// append is the JSON that to appends.
func (d *document) append(to func([]byte) []byte) event.Value {
	at := len(d.data)
	d.data = to(d.data)
	return event.JSON(event.Span{Off: uint32(at), Len: uint32(len(d.data) - at)})
}

// appendList appends what nginx writes of several servers as an array.
func appendList(to, text []byte) []byte {
	to = append(to, '[')
	for len(text) > 0 {
		var item []byte
		item, text, _ = bytes.Cut(text, []byte(", "))
		if to[len(to)-1] != '[' {
			to = append(to, ',')
		}
		if _, err := strconv.ParseFloat(string(item), 64); err == nil {
			to = append(to, item...)
		} else if string(item) == "-" {
			to = append(to, "null"...)
		} else {
			to = strconv.AppendQuote(to, string(item))
		}
	}
	return append(to, ']')
}
