package event

// Settings are how one source is read and written where that differs from what
// the configuration says of all: by a receiver's keys, or by the annotations of
// a pod. The zero value changes nothing. Whoever fills them has checked them.
type Settings struct {
	// Format is a parser's name, or "" or "auto" for detection.
	Format string
	// LogFormat is the layout of an access log in its server's own words; Format
	// may say which server's.
	LogFormat string
	// Dataset and DataStreamNamespace are the defaults of the data stream,
	// before cleaning; empty means generic and default.
	Dataset, DataStreamNamespace string
	// Multiline says how lines are put together to records, Redact what is
	// redacted; empty is as configured.
	Multiline, Redact string
	// Timezone is that of times in lines that name none, by its name in the IANA
	// database or "Local"; empty is as configured for all.
	Timezone string
	// Sample keeps one in so many records; 0 and 1 keep all.
	Sample uint64
	// Without is a stream whose records are dropped, StreamNone for none.
	Without Stream
}

// Override takes over what o says.
func (s *Settings) Override(o Settings) {
	for _, f := range []struct{ of, by *string }{
		{&s.Format, &o.Format},
		{&s.LogFormat, &o.LogFormat},
		{&s.Dataset, &o.Dataset},
		{&s.DataStreamNamespace, &o.DataStreamNamespace},
		{&s.Multiline, &o.Multiline},
		{&s.Redact, &o.Redact},
		{&s.Timezone, &o.Timezone},
	} {
		if *f.by != "" {
			*f.of = *f.by
		}
	}
	if o.Sample != 0 {
		s.Sample = o.Sample
	}
	if o.Without != StreamNone {
		s.Without = o.Without
	}
}
