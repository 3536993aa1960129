package telemetry

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// console writes records for people: time, level, message, then attributes as
// slog's text handler writes them. Control characters are escaped, since
// messages and attributes may hold bytes of logs.
type console struct {
	attrs slog.Handler
	line  *consoleLine
}

// consoleLine is shared by all handlers made from one: records are written
// whole, one after the other.
type consoleLine struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	out   io.Writer
	color bool
}

// noMessage stands in for the message in what the text handler is given, and
// is left out by it.
const noMessage = "\x00message"

func newConsole(out io.Writer, level slog.Level, color bool) *console {
	line := &consoleLine{out: out, color: color}
	return &console{line: line, attrs: slog.NewTextHandler(&line.buf, &slog.HandlerOptions{
		Level:       level,
		ReplaceAttr: dropBuiltin,
	})}
}

func dropBuiltin(groups []string, a slog.Attr) slog.Attr {
	_, isLevel := a.Value.Any().(slog.Level)
	isMessage := a.Key == slog.MessageKey && a.Value.Kind() == slog.KindString && a.Value.String() == noMessage
	if len(groups) == 0 && (isMessage || isLevel && a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

// Enabled implements slog.Handler.
func (c *console) Enabled(ctx context.Context, l slog.Level) bool { return c.attrs.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (c *console) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &console{attrs: c.attrs.WithAttrs(attrs), line: c.line}
}

// WithGroup implements slog.Handler.
func (c *console) WithGroup(name string) slog.Handler {
	return &console{attrs: c.attrs.WithGroup(name), line: c.line}
}

// Handle implements slog.Handler.
func (c *console) Handle(ctx context.Context, r slog.Record) error {
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	c.line.begin(r)
	// The text handler leaves out a zero time.
	r.Time, r.Message = time.Time{}, noMessage
	if err := c.attrs.Handle(ctx, r); err != nil {
		return err
	}
	return c.line.end()
}

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

func (l *consoleLine) begin(r slog.Record) {
	l.buf.Reset()
	if !r.Time.IsZero() {
		l.buf.WriteString(r.Time.UTC().Format(timeLayout))
		l.buf.WriteByte(' ')
	}
	l.paint(levelColor(r.Level), levelName(r.Level))
	l.buf.WriteByte(' ')
	l.buf.WriteString(printable(r.Message))
	l.buf.WriteByte(' ')
}

// end writes the line; the text handler has ended it with a newline.
func (l *consoleLine) end() error {
	line := bytes.TrimRight(l.buf.Bytes(), " \n")
	_, err := l.out.Write(append(line, '\n'))
	return err
}

func (l *consoleLine) paint(code, s string) {
	if !l.color || code == "" {
		l.buf.WriteString(s)
		return
	}
	l.buf.WriteString("\x1b[" + code + "m" + s + "\x1b[0m")
}

func levelName(l slog.Level) string { return (l.String() + "     ")[:max(5, len(l.String()))] }

// levelColor is the SGR code of a level (ECMA-48, 8.3.117).
func levelColor(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "31"
	case l >= slog.LevelWarn:
		return "33"
	case l >= slog.LevelInfo:
		return "32"
	default:
		return "2"
	}
}

// printable is s with everything escaped that a terminal would obey.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
