package parse

import (
	"strconv"
	"testing"

	"github.com/tailrace/tailrace/pipeline/event"
)

// TestAddressesAreFourDecimalNumbers says where an IPv4 address ends, whatever
// stands behind it in the arena.
func TestAddressesAreFourDecimalNumbers(t *testing.T) {
	for text, end := range map[string]int{
		"1.2.3.4": 7, "255.255.255.255": 15, "010.001.000.09": 14, "192.0.2.1:8080": 9, "10.0.0.1 - -": 8,
		"1.2.3.4.5": 7, "1.2.3.4x": 7, "255.255.255.255:65535": 15,
		"": 0, "1": 0, "1.2.3": 0, "1.2.3.": 0, ".1.2.3": 0, "1..2.3": 0, "256.1.1.1": 0, "1.260.1.1": 0, "1.1.1.300": 0,
		"1.1.1.1234": 0, "0001.1.1.1": 0, "1,2,3,4": 0, "a.b.c.d": 0, "1.2.3.\x8a": 0, "::1": 0, "255.255.255.2555": 0,
	} {
		if got := ipv4End([]byte(text)); got != end {
			t.Errorf("%q: %d, not %d", text, got, end)
		}
		within := []byte(text + "9.9.9.9.9.9.9.9.9")[:len(text)]
		if got := ipv4End(within); got != end {
			t.Errorf("%q before digits: %d, not %d", text, got, end)
		}
	}
}

// TestPortsStandBehindTheLastColon says what is the port of host:port.
func TestPortsStandBehindTheLastColon(t *testing.T) {
	for text, port := range map[string]int{
		"shop.example:443": 443, "10.0.0.1:80": 80, "[::1]:8080": 8080, "h:0": 0, "h:000000000000000080": 80, "h:65535": 65535, "::1": 1,
		"": -1, "h": -1, "h:": -1, ":80": -1, "80": -1, "h:65536": -1, "h:80x": -1, "[::1]": -1, "h:0000000000000000080": -1,
		"h:99999999999999999999999999999999999999": -1,
	} {
		if _, got := splitPort([]byte(text)); got != port {
			t.Errorf("%q: %d, not %d", text, got, port)
		}
	}
}

// TestTargetsOfRequests says which attributes a target becomes.
func TestTargetsOfRequests(t *testing.T) {
	for text, want := range map[string]string{
		"/a?b=1":                 "url.path=/a url.query=b=1 ",
		"*":                      "url.path=* ",
		"/a?":                    "url.path=/a ",
		"https://h:80/a?b":       "url.full=https://h:80/a?b url.scheme=https server.port=80 server.address=h url.path=/a url.query=b ",
		"http://h?/":             "url.full=http://h?/ url.scheme=http server.address=h url.query=/ ",
		"http://a b/c":           "url.full=http://a b/c url.scheme=http url.path=/c ",
		"http:///c":              "url.full=http:///c url.scheme=http url.path=/c ",
		"http://":                "url.full=http:// url.scheme=http ",
		"a:b://h/":               "url.full=a:b://h/ url.scheme=a:b server.address=h url.path=/ ",
		"shop.example:443":       "server.port=443 server.address=shop.example ",
		":80":                    "",
		"path":                   "",
		"**":                     "",
		"https://[2001:db8::1]/": "url.full=https://[2001:db8::1]/ url.scheme=https server.address=2001:db8::1 url.path=/ ",
	} {
		b := &event.Batch{Data: []byte(text + "/?: behind"), Records: make([]event.Record, 1)}
		a := access{l: &line{b: b, r: &b.Records[0]}}
		a.anyTarget(event.Span{Len: uint32(len(text))})
		got := ""
		for _, f := range b.Fields {
			value := string(b.Bytes(f.Value.Span))
			if f.Value.Kind == event.KindInt {
				value = strconv.FormatInt(f.Value.Num, 10)
			}
			got += f.Name + "=" + value + " "
		}
		if got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

// TestListsOfUpstreams says how nginx's lists are written as JSON.
func TestListsOfUpstreams(t *testing.T) {
	for _, c := range []struct {
		means      meaning
		text, want string
	}{
		{meansTexts, "10.0.0.1:8080", `["10.0.0.1:8080"]`},
		{meansTexts, "unix:/run/a.sock, [::1]:80 : b", `["unix:/run/a.sock","[::1]:80","b"]`},
		{meansTexts, "a,b", `["a,b"]`},
		{meansTexts, "-, b", `[null,"b"]`},
		{meansTexts, `a"b`, ``},
		{meansInts, "200", `[200]`},
		{meansInts, "0", `[0]`},
		{meansInts, "502, 200", `[502,200]`},
		{meansInts, "- : 200", `[null,200]`},
		{meansInts, "02", ``},
		{meansInts, "1234567890123456789", ``},
		{meansTimes, "0.003", `[0.003]`},
		{meansTimes, "0.003, -", `[0.003,null]`},
		{meansTimes, "00.1", ``},
		{meansTimes, "1.", ``},
		{meansTimes, "1e3", `[1e3]`},
	} {
		b := &event.Batch{Data: []byte(c.text), Records: make([]event.Record, 1)}
		a := access{l: &line{b: b, r: &b.Records[0]}}
		ok := a.list(&accessField{means: c.means, name: "list"}, event.Span{Len: uint32(len(c.text))})
		if ok != (c.want != "") || ok && string(b.Bytes(b.Fields[0].Value.Span)) != c.want {
			t.Errorf("%q: %v %s, not %s", c.text, ok, b.Data, c.want)
		}
	}
}
