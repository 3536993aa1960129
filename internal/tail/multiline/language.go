package multiline

import (
	"fmt"
	"slices"
	"strings"
)

// Language is a set of languages whose traces are recognised; 0 is all.
type Language uint16

// The languages.
const (
	Java Language = 1 << iota
	DotNet
	Python
	Go
	Node
	Ruby
	PHP
	Rust
	Dart
)

// Auto and Off are the names of a setting that are no languages: all are
// recognised, and every line is a record.
const (
	Auto = "auto"
	Off  = "off"
)

var names = []struct {
	name string
	of   Language
}{
	{"java", Java}, {"dotnet", DotNet}, {"python", Python}, {"go", Go}, {"node", Node},
	{"ruby", Ruby}, {"php", PHP}, {"rust", Rust}, {"dart", Dart},
}

// Names are what a setting may be.
func Names() []string {
	all := []string{Auto, Off}
	for _, l := range names {
		all = append(all, l.name)
	}
	return all
}

// Check is an error for what is no setting; an empty one is Auto.
func Check(setting string) error {
	if setting == "" || slices.Contains(Names(), setting) {
		return nil
	}
	return fmt.Errorf("%q is no way to put lines together: write one of %s", setting, strings.Join(Names(), ", "))
}

// Named is the language of a setting; 0 for all others.
func Named(setting string) Language {
	for _, l := range names {
		if l.name == setting {
			return l.of
		}
	}
	return 0
}
