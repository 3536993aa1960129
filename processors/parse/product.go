package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// product is a program's log in JSON whose keys have names of the program's
// own.
type product struct {
	// begins is how each line begins, as the program has a fixed order of keys.
	begins string
	// level knows the program's severities.
	level func(s []byte) uint8
	names []productKey
	keys  *keyTable
}

// productKey is a key and the attribute that its value becomes, or what it says
// of the essentials.
type productKey struct {
	name      string
	role      role
	attribute string
}

func newProduct(begins string, level func([]byte) uint8, names []productKey) *product {
	table := make([]key, len(names))
	for i := range names {
		table[i].name = names[i].name
	}
	return &product{begins, level, names, newKeyTable(table)}
}

// mongoDB has the keys of MongoDB's structured log since 4.4
// (https://www.mongodb.com/docs/manual/reference/log-messages/).
var mongoDB = newProduct(`{"t":{"$date":`, mongoLevel, []productKey{
	{"t", roleTime, ""}, {"s", roleLevel, ""}, {"msg", roleMessage, ""},
	{"c", roleNone, "mongodb.component"}, {"id", roleNone, "mongodb.id"}, {"ctx", roleNone, "mongodb.context"},
	{"svc", roleNone, "mongodb.service"}, {"attr", roleNone, "mongodb.attr"}, {"tags", roleNone, "mongodb.tags"},
	{"truncated", roleNone, "mongodb.truncated"}, {"size", roleNone, "mongodb.size"},
})

// postgresJSON has those of PostgreSQL's jsonlog
// (https://www.postgresql.org/docs/current/runtime-config-logging.html).
var postgresJSON = newProduct(`{"timestamp":"`, postgresLevel, []productKey{
	{"timestamp", roleTime, ""}, {"error_severity", roleLevel, ""}, {"message", roleMessage, ""},
	{"user", roleNone, "user.name"}, {"dbname", roleNone, "db.namespace"}, {"pid", roleNone, "process.pid"},
	{"remote_host", roleNone, "client.address"}, {"remote_port", roleNone, "client.port"},
	{"session_id", roleNone, "postgresql.session_id"}, {"line_num", roleNone, "postgresql.session_line_num"},
	{"ps", roleNone, "postgresql.command_tag"}, {"session_start", roleNone, "postgresql.session_start_time"},
	{"vxid", roleNone, "postgresql.virtual_transaction_id"}, {"txid", roleNone, "postgresql.transaction_id"},
	{"state_code", roleNone, "db.response.status_code"}, {"detail", roleNone, "postgresql.detail"}, {"hint", roleNone, "postgresql.hint"},
	{"internal_query", roleNone, "postgresql.internal_query"}, {"internal_position", roleNone, "postgresql.internal_query_pos"},
	{"context", roleNone, "postgresql.context"}, {"statement", roleNone, "db.query.text"}, {"cursor_position", roleNone, "postgresql.query_pos"},
	{"func_name", roleNone, "code.function.name"}, {"file_name", roleNone, "code.file.path"}, {"file_line_num", roleNone, "code.line.number"},
	{"application_name", roleNone, "postgresql.application_name"}, {"backend_type", roleNone, "postgresql.backend_type"},
	{"leader_pid", roleNone, "postgresql.leader_pid"}, {"query_id", roleNone, "postgresql.query_id"},
})

func parseMongoDB(l *line) bool { return l.parseProduct(mongoDB) }

func parsePostgresJSON(l *line) bool { return l.parseProduct(postgresJSON) }

// parseProduct reads the line as p's: it must have a time, a message and a
// severity that p knows.
func (l *line) parseProduct(p *product) bool {
	if !bytes.HasPrefix(l.text, []byte(p.begins)) {
		return l.fail(reasonMisfit, 0)
	}
	if !l.scan() {
		return false
	}
	var at [numRoles]*strictjson.Member
	for i := range l.members {
		k := p.keys.find(l.text, &l.members[i]).own
		if l.members[i].Known = k; k != 0 {
			at[p.names[k-1].role] = &l.members[i]
		}
	}
	level := at[roleLevel]
	if level == nil || at[roleTime] == nil || at[roleMessage] == nil || p.level(l.content(level)) == 0 {
		return l.fail(reasonMisfit, 0)
	}
	l.takeTime(at[roleTime])
	l.takeMessage(at[roleMessage])
	l.r.Severity, level.Mark = p.level(l.content(level)), markTaken
	l.setValue(&l.r.SeverityText, level)
	l.addProduct(p)
	l.addMembers()
	return true
}

// addProduct adds the members that p has attributes for, whose keys' places in
// p's list are noted in them.
func (l *line) addProduct(p *product) {
	for i := range l.members {
		m := &l.members[i]
		k := m.Known
		if k == 0 || p.names[k-1].attribute == "" || m.Mark != markNone {
			continue
		}
		m.Mark = markTaken
		if m.Kind == strictjson.Null || m.Kind == strictjson.String && m.ValueEnd-m.Value == 2 {
			continue
		}
		l.addJSON(p.names[k-1].attribute, l.span(int(m.Value), int(m.ValueEnd)))
	}
}
