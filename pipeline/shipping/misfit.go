package shipping

import "regexp"

// countRewritten counts documents that are sent again, changed, and says so
// once for each field.
func (s *Shipper) countRewritten(losses []loss) {
	for f, some := range byFlight(losses) {
		// A frame that cannot be read again is found out when it is packed.
		entries, _ := s.refused(f, some)
		for i := range entries {
			m := Misfit{entries[i].Namespace, fieldOf(entries[i].Reason)}
			if s.ledger.rewritten(m) {
				s.o.Logger.Warn("documents do not fit their index and are sent with their attributes in one flattened field",
					"exporter", s.o.Name, "index", entries[i].Index, "namespace", m.Namespace, "field", m.Field, "reason", entries[i].Reason)
			}
		}
	}
}

// namedField finds the field in Elasticsearch's reasons, such as "failed to
// parse field [attributes.status] of type [long]" and "object mapping for
// [attributes.user] tried to parse field [user] as object".
var namedField = regexp.MustCompile(`(?:field|for|mapper) \[([^\]]+)\]`)

func fieldOf(reason string) string {
	if m := namedField.FindStringSubmatch(reason); m != nil {
		return m[1]
	}
	return ""
}
