package parse

import "bytes"

// parseElasticsearch reads the plain text log of Elasticsearch and OpenSearch,
// slow logs too:
//
//	[2026-03-05T10:11:12,123][INFO ][o.e.n.Node               ] [node] started
func parseElasticsearch(l *line) bool {
	t := l.isoAt(1)
	if t.end == 0 || !l.hasAt(t.end, "][") {
		return l.fail(reasonMisfit, t.end)
	}
	from, to, end := l.bracketAt(t.end + 1)
	if end == 0 || log4jLevel(l.text[from:to]) == 0 {
		return l.fail(reasonMisfit, t.end)
	}
	logger, loggerTo, i := l.bracketAt(end)
	if i == 0 || loggerTo == logger || !l.hasAt(i, " ") {
		return l.fail(reasonMisfit, end)
	}
	l.setStamp(t)
	l.setLevel(log4jLevel(l.text[from:to]), from, to)
	l.addText("log.logger", l.span(logger, loggerTo))
	i++
	if node, nodeTo, end := l.bracketAt(i); end != 0 {
		l.addText("elasticsearch.node.name", l.span(node, nodeTo))
		i = l.blanks(end)
		l.slowLog(i)
	}
	l.message(i)
	return true
}

// slowLog reads what a slow log has at i: [index][0] took[14.1ms], took_millis[14], …
// of searches, and [index/uuid] took[… of indexing.
func (l *line) slowLog(i int) {
	index, indexTo, end := l.bracketAt(i)
	shard, shardTo, behind := l.bracketAt(end)
	if behind != 0 {
		end = behind
	}
	if index == 0 || !l.hasAt(end, " took[") {
		return
	}
	number, ok := wholeNumber(l.text[shard:shardTo])
	if behind != 0 && !ok {
		return
	}
	if slash := bytes.IndexByte(l.text[index:indexTo], '/'); slash > 0 {
		indexTo = index + slash
	}
	l.addText("elasticsearch.index.name", l.span(index, indexTo))
	if behind != 0 {
		l.addInt("elasticsearch.shard.id", number)
	}
	const took = " took_millis["
	if n := bytes.Index(l.text[end:], []byte(took)); n >= 0 {
		if _, ms, ok := l.digitsAt(end + n + len(took)); ok {
			l.addInt("elasticsearch.slowlog.took_millis", ms)
		}
	}
}
