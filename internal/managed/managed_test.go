package managed

import "testing"

func TestDiffShowsWhatChanges(t *testing.T) {
	if got, want := Diff("a\nb\nc\nd\ne\nf", "a\nb\nc\nx\ne\nf"), "  b\n  c\n- d\n+ x\n  e\n  f\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What was made, and whether somebody has changed it since, decides what may be
// done to it.
func TestStates(t *testing.T) {
	made := Marks{Version: 2, Sent: "wanted", Kept: "kept"}
	for name, c := range map[string]struct {
		found   Found
		want    State
		consent bool
	}{
		"as it was made":                        {Found{made, "kept", false}, Same, false},
		"as an older version made it":           {Found{Marks{1, "old", "kept"}, "kept", false}, Outdated, false},
		"as another build of this version made": {Found{Marks{2, "other", "kept"}, "kept", false}, Outdated, false},
		"as a later version made it":            {Found{Marks{3, "new", "kept"}, "kept", false}, Newer, true},
		"changed since it was made":             {Found{made, "changed", false}, Edited, true},
		"changed, and all is there":             {Found{made, "changed", true}, Same, false},
		"made by somebody else":                 {Found{Marks{}, "other", false}, Foreign, true},
		"made by somebody else, and the same":   {Found{Marks{}, "other", true}, Same, false},
	} {
		got := c.found.Compare("wanted", 2)
		if got != c.want || got.NeedsConsent() != c.consent {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got.Written(false) != (got == Outdated) || got.Written(true) != (got != Same) {
			t.Errorf("%s: written %v without consent and %v with it", name, got.Written(false), got.Written(true))
		}
	}
}
