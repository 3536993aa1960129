package a

import "testing"

func TestThere(t *testing.T) {}
