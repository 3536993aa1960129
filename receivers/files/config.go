package files

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/tailrace/tailrace/internal/tail"
)

// Config are the keys of the receiver.
type Config struct {
	Include   []string `mapstructure:"include" doc:"Files to read, with * and ? in any part of the path, such as /var/log/nginx/*.log; what was rotated away from them is found by itself."`
	Exclude   []string `mapstructure:"exclude" doc:"Patterns of paths that are not read; they win over include."`
	Format    string   `mapstructure:"format" doc:"Name of the format of the lines, or auto to recognise it."`
	LogFormat string   `mapstructure:"log_format" doc:"The layout of an access log, pasted from the server's own configuration: nginx's log_format, Apache's LogFormat, Envoy's text_format or HAProxy's log-format. Which of them it is shows in it, or format says it."`
	Multiline string   `mapstructure:"multiline" doc:"Which lines are put together to one record: auto for stack traces of all languages and indented lines, off, or one of java, dotnet, python, go, node, ruby, php, rust and dart, whose traces are looked for alone."`
	Timezone  string   `mapstructure:"timezone" doc:"Zone of times in these files' lines that name none, such as Europe/Berlin; such a time is then believed. Empty: service.timezone."`
	Decoder   string   `mapstructure:"decoder" doc:"none, or container for files that a container runtime writes (Docker's json-file, CRI): time and stream are taken off each line, and pieces of long lines are joined."`
	StartAt   string   `mapstructure:"start_at" doc:"Where to begin in files that were there before and of which no position is known: beginning, end, a duration back from now, or an RFC 3339 time (for these two, files that were written since are read whole)."`
}

// DefaultConfig recognises formats and reads from the beginning; include has
// to be given.
func DefaultConfig() Config {
	return Config{Format: "auto", Multiline: "auto", Decoder: "none", StartAt: "beginning"}
}

// decoders are the values of the key of that name.
var decoders = map[string]tail.Decoder{"none": tail.Plain, "container": tail.Container}

// Validate names every mistake.
func (c *Config) Validate() error {
	var all []error
	if len(c.Include) == 0 {
		all = append(all, errors.New("include: no files: write patterns such as [/var/log/nginx/*.log]"))
	}
	for _, p := range c.Include {
		all = append(all, checkPattern("include", p))
	}
	for _, p := range c.Exclude {
		all = append(all, checkPattern("exclude", p))
	}
	if err := tail.CheckMultiline(c.Multiline); err != nil {
		all = append(all, fmt.Errorf("multiline: %w", err))
	}
	if _, ok := decoders[c.Decoder]; !ok {
		all = append(all, fmt.Errorf("decoder: %q is not known: write none or container", c.Decoder))
	}
	if _, err := tail.ParseStart(c.StartAt, time.Time{}); err != nil {
		all = append(all, fmt.Errorf("start_at: %w", err))
	}
	return errors.Join(all...)
}

func checkPattern(key, p string) error {
	_, err := path.Match(p, "")
	switch {
	case err != nil:
		return fmt.Errorf("%s: %q is no pattern: close its brackets, or put a backslash before them", key, p)
	case !filepath.IsAbs(p):
		return fmt.Errorf("%s: %q is no absolute path: begin it with a slash", key, p)
	case strings.HasSuffix(p, "/"):
		return fmt.Errorf("%s: %q is a directory: write which files, such as %s*.log", key, p, p)
	case strings.Contains(p, "**"):
		return fmt.Errorf("%s: %q: ** is not known: write one pattern for each depth", key, p)
	}
	return nil
}
