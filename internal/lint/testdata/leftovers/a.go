package a

// TODO: later.
var x = "FIXME"

// todos are fine.
