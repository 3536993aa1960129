package frame

// AppendSource writes s as a frame's metadata has it, for files that keep
// sources outside of frames.
func AppendSource(dst []byte, s *Source) []byte { return s.append(dst) }

// ParseSource reads the source at the front of b, and returns what follows it.
func ParseSource(b []byte, s *Source) (rest []byte, err error) {
	r := reader{b: b}
	s.parse(&r)
	if r.bad {
		return nil, ErrInvalid
	}
	return r.b, nil
}
