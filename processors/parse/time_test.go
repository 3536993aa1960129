package parse

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.FixedZone("CET", 3600)
	}
	tests := []struct {
		text, want string
	}{
		{"2026-03-05T10:11:12Z", "2026-03-05T10:11:12Z"},
		{"2026-03-05T10:11:12.123456789Z", "2026-03-05T10:11:12.123456789Z"},
		{"2026-03-05T10:11:12.1234567891Z", "2026-03-05T10:11:12.123456789Z"},
		{"2026-03-05t10:11:12,5z", "2026-03-05T10:11:12.5Z"},
		{"2026-03-05 10:11:12.5+01:00", "2026-03-05T09:11:12.5Z"},
		{"2026-03-05T10:11:12-0530", "2026-03-05T15:41:12Z"},
		{"2026-03-05T10:11:12+01", "2026-03-05T09:11:12Z"},
		{"2026-03-05 10:11:12 UTC", "2026-03-05T10:11:12Z"},
		{"2026-03-05 10:11:12.123 +0100", "2026-03-05T09:11:12.123Z"},
		{"2026-03-05 10:11:12,123", "2026-03-05T09:11:12.123Z"}, // in Berlin
		{"2026-07-05 10:11:12,123", "2026-07-05T08:11:12.123Z"},
		{"20260305T101112.000Z", "2026-03-05T10:11:12Z"},
		{"2024-02-29T23:59:60Z", "2024-03-01T00:00:00Z"},
		{"05/Mar/2026:10:11:12 +0200", "2026-03-05T08:11:12Z"},
		{"05/Mar/2026:10:11:12.004", "2026-03-05T09:11:12.004Z"}, // in Berlin, and so on
		{"2026/03/05 10:11:12", "2026-03-05T09:11:12Z"},
		{"15 Mar 2026 10:11:12.123", "2026-03-15T09:11:12.123Z"},
		{"Thu Mar 05 10:11:12.123456 2026", "2026-03-05T09:11:12.123456Z"},
		{"1772705472", "2026-03-05T10:11:12Z"},
		{"1772705472.123456789", "2026-03-05T10:11:12.123456789Z"},
		{"1772705472123", "2026-03-05T10:11:12.123Z"},
		{"1772705472123.4567", "2026-03-05T10:11:12.1234567Z"},
		{"1772705472123456", "2026-03-05T10:11:12.123456Z"},
		{"1772705472123456789", "2026-03-05T10:11:12.123456789Z"},
		{"1.772705472123e9", "2026-03-05T10:11:12.123Z"},
		{"1.772705472123E+12", "2026-03-05T10:11:12.123Z"},
		{"1772705472e0", "2026-03-05T10:11:12Z"},

		{"", ""}, {"-", ""}, {"now", ""}, {"12:30", ""}, {"-5", ""},
		{"2026-13-05T10:11:12Z", ""}, {"2026-02-29T10:11:12Z", ""}, {"1900-02-29T10:11:12Z", ""},
		{"2026-03-05T24:11:12Z", ""}, {"2026-03-05T10:60:12Z", ""}, {"2026-03-05T10:11:61Z", ""},
		{"2026-03-05T10:11:12.Z", ""}, {"2026-03-05T10:11:12+25:00", ""}, {"2026-03-05T10:11:12 PDT", ""},
		{"2026-03-05X10:11:12Z", ""}, {"2026/13/05 10:11:12", ""}, {"45 Mar 2026 10:11:12", ""}, {"05/Mar/2026 10:11:12", ""}, {"2026-03-05", ""}, {"2026-a3-05T10:11:12Z", ""},
		{"20261305T101112Z", ""}, {"1772705472x", ""}, {"17727054721234567890123", ""}, {"1e-9", ""}, {"1e99", ""}, {"1.e3", ""},
	}
	c := clock{zone: berlin}
	for _, tt := range tests {
		ns, ok := c.parse([]byte(tt.text))
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParseCLF(t *testing.T) {
	var c clock
	for text, want := range map[string]string{
		"05/Mar/2026:10:11:12 +0000": "2026-03-05T10:11:12Z",
		"31/Dec/2025:23:59:59 -0130": "2026-01-01T01:29:59Z",
		"05/mar/2026:10:11:12 +0000": "",
		"05/Mar/2126:10:11:12 +0000": "2126-03-05T10:11:12Z",
		"32/Mar/2026:10:11:12 +0000": "",
		"05/Mar/2026:10:11:12 +000":  "",
		"05/Mar/2026 10:11:12 +0000": "",
	} {
		ns, ok := c.parseCLF([]byte(text))
		got := ""
		if ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestSetTime shows which of a line's two times is believed.
func TestSetTime(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixNano()
	}
	tests := []struct {
		name, runtime, application, want string
		taken                            bool
	}{
		{"the application's", "2026-03-05T10:11:13.5Z", "2026-03-05T10:11:12.123Z", "2026-03-05T10:11:12.123Z", true},
		{"the runtime's, which is the same second more exactly", "2026-03-05T10:11:12.7Z", "2026-03-05T10:11:12Z", "2026-03-05T10:11:12.7Z", true},
		{"a day ahead is believed", "2026-03-05T10:11:12Z", "2026-03-06T10:11:12Z", "2026-03-06T10:11:12Z", true},
		{"more than a day is not", "2026-03-05T10:11:12Z", "2026-03-06T10:11:12.1Z", "2026-03-05T10:11:12Z", false},
		{"an old one is believed", "2026-03-05T10:11:12Z", "2001-03-05T10:11:12.1Z", "2001-03-05T10:11:12.1Z", true},
		{"a clock that was never set is not", "2026-03-05T10:11:12Z", "1970-01-01T00:00:05.1Z", "2026-03-05T10:11:12Z", false},
	}
	for _, tt := range tests {
		p := New(Options{})
		b := batchOf(nil, nil)
		b.Records[0].Time = at(tt.runtime)
		p.line.b = b
		p.line.start(&b.Records[0])
		taken := p.line.setTime(at(tt.application))
		if got := b.Records[0].Time; got != at(tt.want) || taken != tt.taken {
			t.Errorf("%s: %s, %t", tt.name, time.Unix(0, got).UTC(), taken)
		}
	}
}

// TestAConfiguredZoneIsThatOfTimesWithoutOne shows that they are believed then:
// the lines were stamped an hour later than UTC would have them by the runtime's clock.
func TestAConfiguredZoneIsThatOfTimesWithoutOne(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, line := range []string{
		`2026-03-05 10:11:12.123 INFO started`,
		`2026-03-05 10:11:12,123 - root - INFO - started`,
		`31:M 05 Mar 2026 10:11:12.123 * Ready`,
		`{"asctime":"2026-03-05 10:11:12,123","message":"m"}`,
		`I0305 10:11:12.123000       1 a.go:1] m`,
		`10:11:12.123 [main] INFO  a.b - m`,
	} {
		b := batchOf(&event0, []byte(line))
		New(Options{Location: berlin}).Process(b)
		if got := time.Unix(0, b.Records[0].Time).UTC().Format(time.RFC3339Nano); got != "2026-03-05T09:11:12.123Z" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestWithoutAnyTimeTheReadTimeCounts(t *testing.T) {
	p, b := New(Options{}), batchOf(&event0, []byte("x"))
	b.Records[0].Time = 0
	p.Process(b)
	if b.Records[0].Time != observed {
		t.Error(b.Records[0].Time)
	}
}

func TestKlogYearIsTheNearest(t *testing.T) {
	for _, tt := range []struct{ runtime, line, want string }{
		{"2026-01-01T00:00:01Z", "I1231 23:59:59.500000       1 a.go:1] m", "2025-12-31T23:59:59.5Z"},
		{"2025-12-31T23:59:59Z", "I0101 00:00:00.500000       1 a.go:1] m", "2026-01-01T00:00:00.5Z"},
		{"2026-03-05T10:11:12Z", "I0305 10:11:11.500000       1 a.go:1] m", "2026-03-05T10:11:11.5Z"},
	} {
		runtime, err := time.Parse(time.RFC3339, tt.runtime)
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(&event0, []byte(tt.line))
		b.Records[0].Time = runtime.UnixNano()
		New(Options{Location: time.UTC}).Process(b)
		if got := time.Unix(0, b.Records[0].Time).UTC().Format(time.RFC3339Nano); got != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.line, tt.runtime, got, tt.want)
		}
	}
}

// TestZoneIsNotGuessedWhereTheRuntimeHasATime: a program that writes local time
// without its zone is two hours ahead of the runtime's stamp, which is right.
func TestZoneIsNotGuessedWhereTheRuntimeHasATime(t *testing.T) {
	const stamp, near = "2026-03-05T10:11:12.5Z", "2026-03-05T10:11:12.4Z"
	for line, want := range map[string]string{
		`{"time":"2026-03-05 12:11:12.400","level":"info","msg":"x"}`:       stamp,
		`{"time":"2026-03-05 10:11:12.400","level":"info","msg":"x"}`:       near,
		`{"time":"2026-03-05T12:11:12.400+02:00","level":"info","msg":"x"}`: near,
		`{"time":1772705472.4,"level":"info","msg":"x"}`:                    near,
		`time="2026-03-05 12:11:12.400" level=info msg=x`:                   stamp,
		`time="2026-03-05 10:11:12.400" level=info msg=x`:                   near,
		`I0305 12:11:12.400000       1 a.go:1] x`:                           stamp,
		`I0305 10:11:12.400000       1 a.go:1] x`:                           near,
		`I20260305 12:11:12.400000       1 a.go:1] x`:                       stamp,
		`2026-03-05 12:11:12.400  INFO 1 --- [main] c.s.App : x`:            stamp,
		`I, [2026-03-05T12:11:12.400000 #31]  INFO -- : x`:                  stamp,
		`<34>Mar  5 12:11:12 host su: x`:                                    stamp,
	} {
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(&event0, []byte(line))
		b.Records[0].Time = at.UnixNano()
		New(Options{}).Process(b)
		if got := time.Unix(0, b.Records[0].Time).UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// FuzzParseTime holds what is accepted against the time package.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-03-05T10:11:12.123456789Z", "2026-03-05T10:11:12+01:00", "1772705472.5", "1e9", "20260305T101112.000Z"} {
		f.Add([]byte(s))
	}
	c := clock{zone: time.UTC}
	f.Fuzz(func(t *testing.T, s []byte) {
		ns, ok := c.parse(s)
		want, err := time.Parse(time.RFC3339Nano, string(s))
		if err != nil || want.Year() < 1970 || want.Year() > 2261 {
			return
		}
		if !ok || ns != want.UnixNano() {
			t.Errorf("%s: %d %t, the time package says %d", s, ns, ok, want.UnixNano())
		}
	})
}
