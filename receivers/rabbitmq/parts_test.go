package rabbitmq

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tailrace/tailrace/pipeline/frame"
)

func TestTheBookSettlesWhatIsBeforeTheFirstThatWaits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var b book
	begin := time.Now()
	for tag := range uint64(1000) {
		b.add(tag+1, 10, begin.Add(time.Duration(tag)))
	}
	total, last := 0, uint64(0)
	for _, i := range random.Perm(1000) {
		b.settle(uint64(i+1), fate(1+i%2))
		tag, done, dead := b.settled()
		if total += done + dead; tag != 0 && (tag <= last || total != int(tag)) {
			t.Fatalf("tag %d after %d, and %d in all", tag, last, total)
		}
		last = max(last, tag)
		if n := len(b.entries); n != 1000-total || b.bytes != int64(10*n) || n > 0 && !b.oldest().Equal(begin.Add(time.Duration(total))) {
			t.Fatalf("%d entries, %d bytes, oldest %s", n, b.bytes, b.oldest())
		}
	}
	if total != 1000 || !b.oldest().IsZero() {
		t.Errorf("%d of 1000 were settled", total)
	}
}

func TestTheWindowIsWhatFitsTheMemory(t *testing.T) {
	const budget = 64 << 20
	w := newWindow(budget, 1000)
	changes := 0
	for _, size := range []int{100, 100 << 10, 200 << 10, 8 << 20, 20 << 20, 100 << 20} {
		for range 10_000 {
			w.note(size)
			if limit := w.wanted(); limit != w.limit {
				w.set(limit)
				changes++
			}
		}
		if w.limit > 1 && int64(w.limit*size) > budget || w.limit < min(1000, fit(budget, size, 1000))/2 || w.limit < 1 {
			t.Errorf("%d messages of %d bytes", w.limit, size)
		}
	}
	if changes > 12 {
		t.Errorf("%d changes", changes)
	}
}

func zip(members ...string) []byte {
	var b bytes.Buffer
	for _, text := range members {
		z := gzip.NewWriter(&b)
		z.Name = "bulk.ndjson"
		_, _ = z.Write([]byte(text))
		z.Close()
	}
	return b.Bytes()
}

const (
	create = `{"create":{"_index":"logs-a-b","_id":"1"}}` + "\n" + `{"message":"x"}` + "\n"
	index  = `{"index":{"_index":"logs-a-b","routing":"r"}}` + "\n" + `{"message":"y"}`
)

func other(body []byte) *amqp.Delivery {
	return &amqp.Delivery{ContentType: "application/x-ndjson; charset=utf-8", ContentEncoding: "gzip", Body: body}
}

func TestBulkBodiesOfOtherProducersAreTaken(t *testing.T) {
	d := other(zip(create, index))
	d.Redelivered, d.Timestamp = true, time.Unix(1_000_000_000, 0)
	s, err := foreign(d, frame.NewBuilder(1))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := frame.Inflate(nil, s.Payload, &s.Meta)
	if err != nil || string(plain) != create+index+"\n" {
		t.Errorf("%v: %s", err, plain)
	}
	if m := &s.Meta; m.Docs != 2 || m.Class != "default" || !m.MaybeSeen || m.JournalTime != 1_000_000_000e9 {
		t.Errorf("%+v", m)
	}
}

func TestWhatIsNoBulkBodyIsRefused(t *testing.T) {
	b := frame.NewBuilder(1)
	for name, d := range map[string]*amqp.Delivery{
		"no ndjson":            {ContentType: "application/json", ContentEncoding: "gzip", Body: zip(create)},
		"not said to be gzip":  {ContentType: "application/x-ndjson", Body: zip(create)},
		"not gzip":             other([]byte(create)),
		"cut off":              other(zip(create)[:30]),
		"empty":                other(zip("")),
		"a delete":             other(zip(create + `{"delete":{"_index":"a","_id":"1"}}` + "\n" + create)),
		"an update":            other(zip(`{"update":{"_index":"a","_id":"1"}}` + "\n" + `{"doc":{}}` + "\n")),
		"two actions":          other(zip(`{"create":{"_index":"a"},"index":{"_index":"a"}}` + "\n{}\n")),
		"no index":             other(zip(`{"create":{"_id":"1"}}` + "\n{}\n")),
		"a long id":            other(zip(`{"create":{"_index":"a","_id":"` + strings.Repeat("1", maxID+1) + `"}}` + "\n{}\n")),
		"an empty id":          other(zip(`{"create":{"_index":"a","_id":""}}` + "\n{}\n")),
		"an unknown parameter": other(zip(`{"create":{"_index":"a","_type":"b"}}` + "\n{}\n")),
		"far too much":         other(zip(strings.Repeat(create, maxForeign/len(create)+1))),
		"an odd line":          other(zip(create + `{"create":{"_index":"a"}}` + "\n")),
		"an empty line":        other(zip(create + "\n" + create)),
		"a document in pieces": other(zip(`{"create":{"_index":"a"}}` + "\n{\n}\n")),
		"a list":               other(zip(`{"create":{"_index":"a"}}` + "\n[]\n")),
		"a bad document":       other(zip(`{"create":{"_index":"a"}}` + "\n{\"a\":01}\n")),
		"an action with more":  other(zip(`{"create":{"_index":"a"}} {}` + "\n{}\n")),
	} {
		if s, err := foreign(d, b); err == nil {
			t.Errorf("%s: taken as %+v", name, s.Meta)
		}
	}
	if s, err := foreign(other(zip(create)), b); err != nil || s.Meta.Docs != 1 {
		t.Errorf("what was refused is left in the next: %+v, %v", s, err)
	}
}

func TestActionsOfOtherProducersMeanTheSameToEverybody(t *testing.T) {
	for action, want := range map[string]string{
		`{"create":{"_id":"1","_index":"a"}}`:               `{"create":{"_index":"a","_id":"1"}}`,
		`{"index":{"_index":"a","_id":"1","_id":"2"}}`:      `{"index":{"_index":"a","_id":"2"}}`,
		` { "CREATE" : {"_Index":"a","pipeline":"p"} } `:    `{"create":{"_index":"a","pipeline":"p"}}`,
		`{"create":{"_index":"a","_id":null,"routing":""}}`: `{"create":{"_index":"a","routing":""}}`,
	} {
		got, err := check(frame.Doc{Action: []byte(action), Source: []byte("{}")})
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", action, got, err, want)
		}
	}
}

// FuzzHeaders opens deliveries with any headers over a whole body.
func FuzzHeaders(f *testing.F) {
	f.Add("tailrace-documents", int64(-1), "", true, byte(0))
	f.Add("tailrace-class", int64(0), "../x", false, byte(1))
	f.Add("tailrace-version", int64(1)<<40, "1", false, byte(2))
	s := &session{consumer: &consumer{}}
	f.Fuzz(func(t *testing.T, name string, number int64, text string, flag bool, kind byte) {
		d := delivery()
		values := []any{number, text, flag, nil, int32(number), []byte(text), amqp.Table{name: number}, []any{text}, float64(number), time.Unix(number, 0)}
		d.Headers[name] = values[int(kind)%len(values)]
		sealed, err := s.open(&d)
		if err != nil {
			return
		}
		m := &sealed.Meta
		if m.Docs == 0 || m.Counts.Docs != uint64(m.Docs) || m.JournalTime > time.Now().UnixNano() || m.JournalTime < 1 || m.Class == "" || sealed.Origin != s {
			t.Errorf("%q makes %+v", name, m)
		}
	})
}

// FuzzForeignBody unpacks any body.
func FuzzForeignBody(f *testing.F) {
	f.Add(zip(create, index))
	f.Add(zip(create)[:30])
	b := frame.NewBuilder(1)
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := foreign(other(body), b); err == nil && s.Meta.Docs == 0 {
			t.Error("a frame without documents")
		}
	})
}

func FuzzForeign(f *testing.F) {
	f.Add([]byte(create + index))
	f.Add([]byte(` {"CREATE":{"_index":"a"}}` + "\n{}"))
	b := frame.NewBuilder(1)
	f.Fuzz(func(t *testing.T, plain []byte) {
		s, err := foreign(other(zip(string(plain))), b)
		if err != nil {
			return
		}
		got, err := frame.Inflate(nil, s.Payload, &s.Meta)
		if err != nil || bytes.Count(got, []byte{'\n'}) != 2*int(s.Meta.Docs) {
			t.Errorf("%v: %d documents in %q", err, s.Meta.Docs, got)
		}
	})
}

func TestConfigurationsThatCannotWorkSayWhy(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"queue must be a name":           func(c *Config) { c.Queue = "" },
		"queues must be from 1":          func(c *Config) { c.Queues = 0 },
		"prefetch must be from 1":        func(c *Config) { c.Prefetch = 70_000 },
		"return_after must be at least ": func(c *Config) { c.ReturnAfter = 1 },
		"set endpoints":                  func(c *Config) { c.Broker.Endpoints = nil },
	} {
		c := DefaultConfig()
		c.Broker.Endpoints, c.Broker.User, c.Broker.Password = []string{"amqp://mq"}, "u", "p"
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestQueuesAreNamedAsTheExporterNamesThem(t *testing.T) {
	c := Config{Queue: "tailrace", Queues: 1}
	if got := strings.Join(c.queueNames(), " "); got != "tailrace" {
		t.Error(got)
	}
	c.Queues = 3
	if got := strings.Join(c.queueNames(), " "); got != "tailrace-0 tailrace-1 tailrace-2" {
		t.Error(got)
	}
}
