package config

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
)

// ID names a component or a pipeline: its type, and a name when there are
// several of the type, written "files" or "files/edge".
type ID struct{ Type, Name string }

// ParseID reads an ID.
func ParseID(s string) (ID, error) {
	typ, name, named := strings.Cut(s, "/")
	switch {
	case typ == "":
		return ID{}, errors.New("an id begins with a component's type: write type or type/name")
	case named && name == "":
		return ID{}, errors.New("the name behind the slash is empty: write type or type/name")
	case strings.ContainsAny(s, " \t\n"):
		return ID{}, errors.New("an id has no spaces: write type or type/name")
	}
	return ID{Type: typ, Name: name}, nil
}

// String is the id as configurations write it.
func (id ID) String() string {
	if id.Name == "" {
		return id.Type
	}
	return id.Type + "/" + id.Name
}

// UnmarshalText reads an ID.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// MarshalText writes the id as String does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

func compareIDs(a, b ID) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
}

// sortedIDs are m's keys in order.
func sortedIDs[V any](m map[ID]V) []ID {
	return slices.SortedFunc(maps.Keys(m), compareIDs)
}
