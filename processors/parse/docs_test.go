package parse

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDocs keeps the tables of docs/formats.md as the code has them.
func TestDocs(t *testing.T) {
	const name = "../../docs/formats.md"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	for part, table := range map[string]string{"formats": formatsTable(), "keys": keysTable(), "variables": variablesTable()} {
		doc = replacePart(t, doc, part, table)
	}
	compareGolden(t, name, doc)
}

// replacePart puts table between the marks of a part.
func replacePart(t *testing.T, doc, part, table string) string {
	t.Helper()
	begin, end := "<!-- "+part+": ", "<!-- end of "+part+" -->"
	from := strings.Index(doc, begin)
	to := strings.Index(doc, end)
	if from < 0 || to < from {
		t.Fatalf("no part %s in the page", part)
	}
	from += strings.Index(doc[from:], "\n") + 1
	return doc[:from] + table + doc[to:]
}

func formatsTable() string {
	var w strings.Builder
	w.WriteString("| format | what it is | example |\n|---|---|---|\n")
	for i := range formats {
		f := &formats[(i+1)%len(formats)] // text, the first, is tried last
		fmt.Fprintf(&w, "| `%s` | %s | `%s` |\n", f.name, f.about, strings.ReplaceAll(f.example, "|", `\|`))
	}
	return w.String()
}

func keysTable() string {
	var w strings.Builder
	w.WriteString("| taken as | keys |\n|---|---|\n")
	for _, r := range []struct {
		role role
		name string
	}{
		{roleTime, "time"}, {roleLevel, "level"}, {roleMessage, "message"},
		{roleTrace, "trace id"}, {roleSpan, "span id"}, {roleFlags, "trace flags"},
		{roleHigh, "upper half of a Datadog trace id"},
		{roleTraceparent, "traceparent"}, {roleHeader, "other headers"}, {roleHolder, "objects that may hold ids"}, {roleRequestID, "request id, which search finds; it stays an attribute, and has the name `http.request.header.x-request-id` too (ECS: `http.request.id`) but for `correlation_id`"},
	} {
		var names []string
		for _, k := range appKeys.keys {
			if k.role == r.role {
				names = append(names, "`"+k.name+"`")
			}
		}
		fmt.Fprintf(&w, "| %s | %s |\n", r.name, strings.Join(names, " "))
	}
	return w.String()
}

func variablesTable() string {
	var w strings.Builder
	w.WriteString("| variable | attribute |\n|---|---|\n")
	for _, k := range nginxObject.names {
		fmt.Fprintf(&w, "| `%s` | %s |\n", k.name, becomes(&k.field))
	}
	return w.String()
}

// becomes says what a value is taken as.
func becomes(f *accessField) string {
	var names []string
	for _, name := range f.slots() {
		if name != "time" {
			name = "`" + name + "`"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// TestEveryExampleIsOfItsFormat holds the table's examples to what they show.
func TestEveryExampleIsOfItsFormat(t *testing.T) {
	for _, f := range formats {
		if f.given {
			continue
		}
		b := batchOf(&event0, []byte(f.example))
		New(Options{}).Process(b)
		if got := formats[b.Records[0].Format].name; got != f.name {
			t.Errorf("the example of %s is %s", f.name, got)
		}
	}
}
