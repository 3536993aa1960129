// Package a is documented.
package a

type T struct{}

// U is documented.
type U struct{}

func (U) Method() {}

func (U) String() string { return "" }

func F() {}

func f() {}

const (
	// A is documented.
	A = 1
	B = 2 // B is too.
	C = 3
)
