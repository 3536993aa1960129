package a

func init() {}

type t struct{}

func (t) init() {}
