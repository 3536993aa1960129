package parse

// requestTaker is how the parts of a request and of a client are taken that are
// written as most are, nil for other values.
func (p *piece) requestTaker() taker {
	means := p.field.means
	switch {
	case means == meansCLF && p.end == endCLF:
		return (*access).takeCLF
	case p.end == endList:
		return (*access).takeItem
	case p.end == endUser:
		return (*access).takeUser
	case means == meansStatus && p.end == endRest:
		return (*access).takeLastStatus
	case means == meansRequest && (p.end == endQuote || p.end == endRequest):
		return (*access).takeRequest
	case p.stop != ' ' && p.stop != '"' && p.stop != ']':
		return nil
	case means == meansTarget && p.next == " ":
		return (*access).takeTarget
	case means == meansISO && (p.end == endStop || p.end == endNext):
		return (*access).takeISO
	case means == meansLocal && p.end == endNext && p.stop == ']':
		return (*access).takeLocal
	case p.end != endStop:
		return nil
	case means == meansNothing:
		return (*access).takeNothing
	case means == meansPeer:
		return (*access).takePeer
	case means == meansIP || means == meansClient:
		return (*access).takeAddress
	case means == meansMethod && p.stop == ' ':
		return (*access).takeMethod
	case means == meansProtocol:
		return (*access).takeProtocol
	}
	return nil
}

// takeAddress takes the four decimal numbers of a client without its port.
func (a *access) takeAddress(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	end := i + ipv4End(s[i:])
	if end == i || end == len(s) || s[end] != p.stop {
		return a.take(p, at)
	}
	a.l.addText("client.address", a.l.span(i, end))
	return end
}

// takePeer takes that of a client with its port.
func (a *access) takePeer(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	colon := i + ipv4End(s[i:])
	if colon == i || colon == len(s) || s[colon] != ':' {
		return a.take(p, at)
	}
	port, end := leadingDigits(s, colon+1)
	if n := end - colon - 1; n == 0 || n > maxDigits || port > maxPort || end == len(s) || s[end] != p.stop {
		return a.take(p, at)
	}
	a.l.addText("client.address", a.l.span(i, colon))
	a.l.addInt("client.port", port)
	return end
}

// takeISO takes 2026-03-05T10:11:12.123Z.
func (a *access) takeISO(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || len(s)-i < isoSize+len("Z ") || s[i+10] != 'T' {
		return a.take(p, at)
	}
	sec, frac, n := a.l.clock.isoSeconds(s[i:])
	zone := i + n
	if n == 0 || zone+1 >= len(s) || s[zone] != 'Z' || s[zone+1] != p.stop || p.end == endNext && !p.tail.at(s, zone+1, p.next) {
		return a.take(p, at)
	}
	ns, ok := nanos(sec, frac)
	if !ok {
		return a.take(p, at)
	}
	a.l.setTime(ns)
	return zone + 1
}

// takeCLF takes 05/Mar/2026:10:11:12 +0000.
func (a *access) takeCLF(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || len(s)-i < clfSize {
		return a.take(p, at)
	}
	ns, ok := a.l.clock.parseCLF(s[i : i+clfSize])
	if !ok {
		return a.take(p, at)
	}
	a.l.setTime(ns)
	return i + clfSize
}

// takeLocal takes 05/Mar/2026:10:11:12.004.
func (a *access) takeLocal(p *piece, at int) int {
	const size = len("05/Mar/2026:10:11:12.004")
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || len(s)-i < size || !p.tail.at(s, i+size, p.next) {
		return a.take(p, at)
	}
	ns, ok := a.l.clock.parseHAProxy(s[i : i+size])
	if !ok {
		return a.take(p, at)
	}
	a.l.setLocalTime(ns)
	return i + size
}

// takeNothing takes what no attribute is made of.
func (a *access) takeNothing(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	end := stopFrom(s, i, p.stop)
	if end < 0 {
		return a.take(p, at)
	}
	return end
}

// takeLastStatus takes the status that a line ends with.
func (a *access) takeLastStatus(p *piece, at int) int {
	const size = len("200")
	s := a.l.text
	i := at + len(p.before)
	if i+size != len(s) || !p.head.at(s, at, p.before) {
		return a.take(p, at)
	}
	n, end := leadingDigits(s, i)
	if end != len(s) {
		return a.take(p, at)
	}
	a.statusCode(n, a.l.span(i, end))
	return end
}

// takeUser takes the dash that stands for none, behind which is a time.
func (a *access) takeUser(p *piece, at int) int {
	s := a.l.text
	i, w := p.begins(s, at)
	if i < 0 || byte(w) != '-' || !p.tail.at(s, i+1, p.next) || !isTimeBehind(s, i+1+len(p.next)) {
		return a.take(p, at)
	}
	return i + 1
}

// takeRequest takes a request line between quotes, of which none is escaped.
func (a *access) takeRequest(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || a.escape != escapeNone {
		return a.take(p, at)
	}
	end := stopFrom(s, i, '"')
	if p.end == endRequest {
		end = p.requestEnd(s, i)
	}
	if end < 0 {
		return a.take(p, at)
	}
	a.request(a.l.span(i, end))
	return end
}

// takeMethod takes the method of a request that is not in one value.
func (a *access) takeMethod(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	known, space := firstMethod(s[i:])
	if known == "" {
		return a.take(p, at)
	}
	a.l.addConst("http.request.method", known)
	return i + space
}

// takeTarget takes its path and query.
func (a *access) takeTarget(p *piece, at int) int {
	s := a.l.text
	i, w := p.begins(s, at)
	if i < 0 || byte(w) != '/' {
		return a.take(p, at)
	}
	end := stopFrom(s, i, ' ')
	if end < 0 {
		return a.take(p, at)
	}
	a.pathAndQuery(a.l.span(i, end))
	return end
}

// takeProtocol takes its version.
func (a *access) takeProtocol(p *piece, at int) int {
	const size = len("HTTP/1.1")
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || i+size == len(s) || s[i+size] != p.stop {
		return a.take(p, at)
	}
	version := httpVersion(s[i : i+size])
	if version == "" {
		return a.take(p, at)
	}
	a.l.addConst("network.protocol.version", version)
	return i + size
}

// takeItem takes a list of one item.
func (a *access) takeItem(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	end := nextSpace(s, i)
	item := s[i:end]
	if end+2 < len(s) && s[end+1] == ':' || len(item) == 0 || !p.field.means.isItem(item) {
		return a.take(p, at)
	}
	if len(item) > 1 || item[0] != '-' {
		a.listOfOne(&p.field, item)
	}
	return end
}
