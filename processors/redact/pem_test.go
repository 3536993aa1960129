package redact

import (
	"slices"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// streamLine is a line of a stream in which « » stand around what goes.
type streamLine struct {
	stream event.Stream
	text   string
}

const (
	whole = "MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
	short = "VTLw7onLRnrq0/IzW7yWR7Qkrmg="
)

var printedKeys = []struct {
	name  string
	lines []streamLine
}{
	{"a key ends with a short line", []streamLine{
		{1, "-----BEGIN RSA PRIVATE KEY-----"}, {1, "«" + whole + "»"}, {1, "«" + whole + "»"}, {1, "«" + short + "»"}, {1, "-----END RSA PRIVATE KEY-----"}, {1, whole},
	}},
	{"a key ends with its last line", []streamLine{
		{1, "-----BEGIN PRIVATE KEY-----"}, {1, "«" + whole + "»"}, {1, "-----END PRIVATE KEY-----"}, {1, whole},
	}},
	{"an encrypted key has headers, and lines end as on Windows", []streamLine{
		{1, "-----BEGIN RSA PRIVATE KEY-----\r"}, {1, "Proc-Type: 4,ENCRYPTED\r"}, {1, "DEK-Info: AES-256-CBC,CAFE\r"}, {1, "\r"}, {1, "«" + whole + "»\r"}, {1, "«" + short + "»\r"},
	}},
	{"a key stands behind a message", []streamLine{
		{1, "loaded -----BEGIN EC PRIVATE KEY-----"}, {1, "«" + whole + "»"}, {1, "«" + short + "»"}, {1, short},
	}},
	{"streams have keys of their own", []streamLine{
		{1, "-----BEGIN PRIVATE KEY-----"}, {2, whole}, {1, "«" + whole + "»"}, {2, "-----BEGIN PRIVATE KEY-----"}, {1, "«" + short + "»"}, {2, "«" + whole + "»"},
	}},
	{"a line that cannot be of a key ends it", []streamLine{
		{1, "-----BEGIN PRIVATE KEY-----"}, {1, "not found"}, {1, whole}, {1, "-----BEGIN PRIVATE KEY-----"}, {1, "done"}, {1, whole},
	}},
	{"a certificate is no key", []streamLine{{1, "-----BEGIN CERTIFICATE-----"}, {1, whole}, {1, short}}},
	{"a key in one record is over", []streamLine{{1, "-----BEGIN PRIVATE KEY-----«\n" + whole + "\n»-----END PRIVATE KEY-----"}, {1, whole}}},
}

func TestPrivateKeysThatArePrintedLineByLineAreReplaced(t *testing.T) {
	for _, k := range printedKeys {
		t.Run(k.name, func(t *testing.T) {
			p, src := built(DefaultConfig()), &event.Source{Container: "test"}
			for batch := range slices.Chunk(k.lines, 2) {
				b := new(event.Batch)
				b.Reset(src)
				for _, l := range batch {
					s := b.Append([]byte(unmark.Replace(l.text)))
					b.Records = append(b.Records, event.Record{Raw: s, Line: s, Stream: l.stream})
				}
				p.Process(b)
				for i, l := range batch {
					if got := string(b.Bytes(b.Records[i].Line)); got != want(l.text) {
						t.Errorf("%s became %s", l.text, got)
					}
				}
			}
		})
	}
}

// What follows a line that only looks as if a key began is not lost for ever.
func TestKeyWithoutEndIsBounded(t *testing.T) {
	lines := append([]string{"-----BEGIN PRIVATE KEY-----"}, slices.Repeat([]string{whole}, 2*maxKeyLines)...)
	p, b := built(DefaultConfig()), batchOf(lines...)
	p.Process(b)
	if got := string(b.Bytes(b.Records[len(lines)-1].Line)); got != whole {
		t.Error(got)
	}
	if n := p.counts[rulePrivateKey].Load(); n != maxKeyLines {
		t.Errorf("%d lines were replaced", n)
	}
	if strings.Contains(string(b.Bytes(b.Records[0].Line)), marker) {
		t.Error("the first line has no part of the key")
	}
}
