package tail

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDirsForgetWhatALookHasNotComeInto looks at some directories again, of
// which parts are gone.
func TestDirsForgetWhatALookHasNotComeInto(t *testing.T) {
	first := []string{"/pods", "/pods/a", "/pods/a/app", "/pods/ab", "/pods/b", "/pods/b/app"}
	tests := []struct {
		name, under string
		added, want []string
	}{
		{"everything is gone", "", nil, nil},
		{"everything below the root directory", "/", []string{"/pods"}, []string{"/pods"}},
		{"one came", "/pods/a/log", []string{"/pods/a/log"}, append([]string{"/pods/a/log"}, first...)},
		{"one is gone with what is below it", "/pods/a", nil, []string{"/pods", "/pods/ab", "/pods/b", "/pods/b/app"}},
		{"one is there without what was below it", "/pods/b", []string{"/pods/b"}, []string{"/pods", "/pods/a", "/pods/a/app", "/pods/ab", "/pods/b"}},
		{"one that never was is not there", "/pods/c", nil, first},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var d Dirs
			d.Look("")
			for _, dir := range first {
				d.Add(dir)
			}
			d.Look(test.under)
			for _, dir := range test.added {
				d.Add(dir)
			}
			slices.Sort(test.want)
			for range 2 {
				got := d.All()
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got, cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}
