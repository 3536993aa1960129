package podlogs

import (
	"regexp"
	"testing"
)

// The kubelet's names as regular expressions, to compare with.
var (
	label     = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	subdomain = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$`)
	uid       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$`)
)

func TestSplit(t *testing.T) {
	for identity, want := range map[string][5]string{
		"shop_web-0.a_8c1f6a52-0b7e/app/12": {"shop", "web-0.a", "8c1f6a52-0b7e", "app", "12"},
		"/var/log/nginx":                    {"", "", "", "var", "log/nginx"},
		"":                                  {},
	} {
		p, container, restart := Split(identity)
		if got := [5]string{p.Namespace, p.Name, p.UID, container, restart}; got != want {
			t.Errorf("%q: %q, want %q", identity, got, want)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"", "a", "-", "a-", "-a", "a.b", "A", "web-0", "a\n", "ä", "8c1f6a52-0b7e-4a9d"} {
		f.Add(name, uint8(1))
		f.Add(name, uint8(200))
	}
	f.Fuzz(func(t *testing.T, name string, times uint8) {
		long := ""
		for range min(int(times), 260/max(1, len(name))) {
			long += name
		}
		for _, s := range []string{name, long} {
			if isLabel(s) != label.MatchString(s) || isSubdomain(s) != subdomain.MatchString(s) || isUID(s) != uid.MatchString(s) {
				t.Errorf("%q: label %t, subdomain %t, uid %t", s, isLabel(s), isSubdomain(s), isUID(s))
			}
		}
	})
}
