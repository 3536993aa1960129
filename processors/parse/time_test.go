package parse

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
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
		{"2026-03-05 10:11:12.5 CET", "2026-03-05T09:11:12.5Z"},
		{"2026-07-05 10:11:12.5 CEST", "2026-07-05T08:11:12.5Z"},
		{"2026-03-05 10:11:12.5 JST", "2026-03-05T01:11:12.5Z"},
		{"2026-03-05 10:11:12,5 NST", "2026-03-05T13:41:12.5Z"},
		{"20260305T101112.000Z", "2026-03-05T10:11:12Z"},
		{"20260305T101112,25+0100", "2026-03-05T09:11:12.25Z"},
		{"20260305T101112", "2026-03-05T09:11:12Z"},
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
		{"2026-03-05T10:11:12.Z", ""}, {"2026-03-05T10:11:12+25:00", ""}, {"2026-03-05T10:11:12 CST", ""}, {"2026-03-05T10:11:12 LOUD", ""},
		{"2026-03-05X10:11:12Z", ""}, {"2026/13/05 10:11:12", ""}, {"45 Mar 2026 10:11:12", ""}, {"05/Mar/2026 10:11:12", ""}, {"2026-03-05", ""}, {"2026-a3-05T10:11:12Z", ""},
		{"9214646400000", ""}, {"20219449545832", ""}, {"99999999999999", ""}, {"18446745846415000", ""}, {"99999999999999999", ""}, {"9223372036854775807", ""}, {"9999999999999999999", ""},
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

// Every layout with a fraction takes it behind a dot or a comma, with one to nine
// digits, of which none is lost, and digits behind the ninth are.
func TestFractions(t *testing.T) {
	const digits = "123456789"
	for _, layout := range []string{
		"2026-03-05T10:11:12%sZ", "2026-03-05 10:11:12%s", "20260305T101112%sZ", "05/Mar/2026:10:11:12%s", "05 Mar 2026 10:11:12%s",
		"Thu Mar 05 10:11:12%s 2026", "1772705472%s",
	} {
		c := clock{zone: time.UTC}
		for n := range len(digits) + 3 {
			for _, point := range []string{".", ","} {
				text, want := "", int64(1772705472_000000000)
				if n > 0 {
					text = point + (digits + "99")[:n]
					nanos, _ := strconv.ParseInt((digits[:min(n, len(digits))] + "000000000")[:9], 10, 64)
					want += nanos
				}
				text = fmt.Sprintf(layout, text)
				if ns, ok := c.parse([]byte(text)); !ok || ns != want {
					t.Errorf("%s: %d, %t, want %d", text, ns, ok, want)
				}
			}
		}
	}
}

// A leap second is the second behind it in every layout, as POSIX counts, and no
// other number of seconds over 59 is one.
func TestLeapSeconds(t *testing.T) {
	leap := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for _, layout := range []string{
		"2016-12-31T23:59:%dZ", "2016-12-31 23:59:%d.5", "2017-01-01T00:59:%d+01:00", "20161231T2359%dZ", "31/Dec/2016:23:59:%d +0000",
		"31/Dec/2016:23:59:%d.25", "2016/12/31 23:59:%d", "31 Dec 2016 23:59:%d.125", "Sat Dec 31 23:59:%d.000001 2016",
	} {
		c := clock{zone: time.UTC}
		if ns, ok := c.parse(fmt.Appendf(nil, layout, 60)); !ok || ns < leap || ns-leap > int64(time.Second)/2 {
			t.Errorf(layout+": %d, %t, want %d", 60, ns, ok, leap)
		}
		if ns, ok := c.parse(fmt.Appendf(nil, layout, 61)); ok {
			t.Errorf(layout+": %d", 61, ns)
		}
	}
}

// Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, in
// every spelling of JSON.
func TestEpochsByMagnitude(t *testing.T) {
	const want = 1772705472_123456000
	for _, tt := range []struct {
		text  string
		exact int64
	}{
		{"1772705472.123456", want}, {"1772705472.123456000", want}, {"1.772705472123456e9", want}, {"1.772705472123456E+09", want},
		{"1772705472123.456", want}, {"1.772705472123456e12", want}, {"1772705472123456", want}, {"1772705472123456.0", want},
		{"1772705472123456000", want}, {"1772705472", 1772705472e9}, {"1772705472123", 1772705472_123e6}, {"99999999999", 0},
		{"9214646399", 9214646399e9}, {"9214646399999", 9214646399_999e6}, {"9214646399999999", 9214646399_999999e3},
	} {
		ns, ok := parseEpoch([]byte(tt.text))
		if ok != (tt.exact != 0) || ok && ns != tt.exact {
			t.Errorf("%s: %d, %t, want %d", tt.text, ns, ok, tt.exact)
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

// TestTheYearOrDayIsTheNearest is about times without a year, at new year and on a
// leap day, and about those without a date, at midnight: in the zone that is set.
func TestTheYearOrDayIsTheNearest(t *testing.T) {
	for _, tt := range []struct{ zone, runtime, line, want string }{
		{"UTC", "2026-01-01T00:00:01Z", "I1231 23:59:59.500000       1 a.go:1] m", "2025-12-31T23:59:59.5Z"},
		{"UTC", "2025-12-31T23:59:59Z", "I0101 00:00:00.500000       1 a.go:1] m", "2026-01-01T00:00:00.5Z"},
		{"UTC", "2026-03-05T10:11:12Z", "I0305 10:11:11.500000       1 a.go:1] m", "2026-03-05T10:11:11.5Z"},
		{"UTC", "2024-02-29T10:11:12Z", "I0229 10:11:11.500000       1 a.go:1] m", "2024-02-29T10:11:11.5Z"},
		{"UTC", "2026-03-01T10:11:12Z", "I0229 10:11:11.500000       1 a.go:1] m", "2026-03-01T10:11:12Z"},
		{"Asia/Tokyo", "2025-12-31T15:30:00.5Z", "I0101 00:30:00.250000       1 a.go:1] m", "2025-12-31T15:30:00.25Z"},
		{"Asia/Tokyo", "2025-12-31T14:59:59.5Z", "I1231 23:59:59.250000       1 a.go:1] m", "2025-12-31T14:59:59.25Z"},
		{"America/New_York", "2026-01-01T03:00:00.5Z", "I1231 22:00:00.250000       1 a.go:1] m", "2026-01-01T03:00:00.25Z"},
		{"UTC", "2026-01-01T00:00:04Z", "<34>Dec 31 23:59:58 host su[3]: m", "2025-12-31T23:59:58Z"},
		{"UTC", "2025-12-31T23:59:58Z", "<34>Jan  1 00:00:03 host su[3]: m", "2026-01-01T00:00:03Z"},
		{"UTC", "2026-03-06T00:00:01Z", "23:59:59.500 [main] INFO  a.b - m", "2026-03-05T23:59:59.5Z"},
		{"UTC", "2026-03-05T23:59:59Z", "00:00:00.500 [main] INFO  a.b - m", "2026-03-06T00:00:00.5Z"},
		{"Asia/Tokyo", "2026-03-05T15:00:01Z", "23:59:59.500 [main] INFO  a.b - m", "2026-03-05T14:59:59.5Z"},
	} {
		runtime, err := time.Parse(time.RFC3339, tt.runtime)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(&event0, []byte(tt.line))
		b.Records[0].Time = runtime.UnixNano()
		New(Options{Location: zone}).Process(b)
		if got := time.Unix(0, b.Records[0].Time).UTC().Format(time.RFC3339Nano); got != tt.want {
			t.Errorf("%s at %s in %s: %s, want %s", tt.line, tt.runtime, tt.zone, got, tt.want)
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
		`<34>1 2026-03-05T12:11:12.400 host su - - - x`:                     stamp,
		`<34>1 2026-03-05T12:11:12.400+02:00 host su - - - x`:               near,
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

// TestASourcesZoneIsItsOwn shows that a source's setting comes before the agent's,
// and that the next source is read as before.
func TestASourcesZoneIsItsOwn(t *testing.T) {
	const line = `2026-07-05 10:11:12.123 INFO started`
	p := New(Options{Location: time.FixedZone("X", 3*3600)})
	for _, c := range []struct{ zone, want string }{
		{"America/New_York", "2026-07-05T14:11:12.123Z"},
		{"", "2026-07-05T07:11:12.123Z"},
		{"Asia/Kolkata", "2026-07-05T04:41:12.123Z"},
		{"UTC", "2026-07-05T10:11:12.123Z"},
	} {
		src := &event.Source{Container: "c" + c.zone, Settings: event.Settings{Timezone: c.zone}}
		b := batchOf(src, []byte(line))
		b.Records[0].Time = time.Date(2026, 7, 5, 18, 0, 0, 0, time.UTC).UnixNano()
		p.Process(b)
		if got := time.Unix(0, b.Records[0].Time).UTC().Format(time.RFC3339Nano); got != c.want {
			t.Errorf("in %q: %s, want %s", c.zone, got, c.want)
		}
	}
}

// TestAbbreviationsOfZones compares them with the zone database: of each a zone that
// uses it. What means several offsets is read only where the zone is configured.
func TestAbbreviationsOfZones(t *testing.T) {
	zones := strings.Fields(`Europe/Berlin Europe/Lisbon Europe/Helsinki Europe/London Europe/Moscow America/New_York America/Denver
		America/Los_Angeles America/Anchorage Pacific/Honolulu America/Adak Pacific/Pago_Pago America/Halifax America/St_Johns Asia/Tokyo Asia/Seoul Asia/Hong_Kong
		Asia/Jerusalem Asia/Karachi Asia/Jakarta Asia/Makassar Asia/Jayapura Australia/Sydney Australia/Adelaide Australia/Perth Pacific/Auckland Pacific/Guam
		Africa/Johannesburg Africa/Maputo Africa/Nairobi Africa/Lagos America/Chicago America/Havana Asia/Shanghai Asia/Kolkata Asia/Manila UTC`)
	seen := map[string]map[int]bool{"MET": {3600: true}, "MEST": {7200: true}, "GMT": {0: true}}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for month := range 12 {
			at := time.Date(2026, time.Month(month+1), 15, 12, 0, 0, 0, zone)
			short, east := at.Zone()
			if seen[short] == nil {
				seen[short] = map[int]bool{}
			}
			seen[short][east] = true
			c := clock{zone: zone, zoned: true}
			text := at.Format("2006-01-02 15:04:05 MST")
			if ns, ok := c.parse([]byte(text)); !ok || ns != at.UnixNano() {
				t.Errorf("%s in %s: %d %t, want %d", text, name, ns, ok, at.UnixNano())
			}
		}
	}
	for short, offsets := range seen {
		east, ok := zoneNamed([]byte(short))
		if ok != (len(offsets) == 1) && short != "IST" || ok && !offsets[east] {
			t.Errorf("%s: %d %t, the database says %v", short, east, ok, offsets)
		}
	}
	for _, z := range zoneNames {
		if seen[z.name] == nil {
			t.Errorf("no zone is called %s", z.name)
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

func TestDigitsUpToEightAreWhatTheySay(t *testing.T) {
	for _, s := range []string{"00000000", "00000001", "12345678", "99999999", "10203040"} {
		want, _ := strconv.ParseInt(s, 10, 64)
		if got, n := upToEight(eight([]byte(s), 0)); n != 8 || got != want {
			t.Errorf("%s: %d, %d digits", s, got, n)
		}
	}
	for c := range 256 {
		for i := range 8 {
			s := []byte("12345678")
			s[i] = byte(c)
			digits := i
			if s[i]-'0' <= 9 {
				digits = 8
			}
			want, _ := strconv.ParseInt("0"+string(s[:digits]), 10, 64)
			if got, n := upToEight(eight(s, 0)); n != digits || got != want {
				t.Errorf("%q: %d, %d digits; it begins with %d, %d", s, got, n, want, digits)
			}
		}
	}
}
