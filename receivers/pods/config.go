package pods

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
	Root         string   `mapstructure:"root" doc:"Directory in which the kubelet keeps the logs of pods (its podLogsDir)."`
	AllowedRoots []string `mapstructure:"allowed_roots" doc:"Directories that a symbolic link in place of a log file may lead into; links are refused otherwise."`
	Multiline    string   `mapstructure:"multiline" doc:"Which lines are put together to one record: auto for stack traces of all languages and indented lines, off, or one of java, dotnet, python, go, node, ruby, php, rust and dart, whose traces are looked for alone."`
	StartAt      string   `mapstructure:"start_at" doc:"Where to begin in files that were there before and of which no position is known: beginning, end, a duration back from now, or an RFC 3339 time."`
	Include      []string `mapstructure:"include" doc:"Patterns of namespace/pod/container, with * and ?, of which one must match; fewer parts match everything below. Empty includes all."`
	Exclude      []string `mapstructure:"exclude" doc:"Patterns of namespace/pod/container that are not read; they win over include."`
}

// DefaultConfig reads all pods of the node from the beginning.
func DefaultConfig() Config {
	return Config{Root: "/var/log/pods", Multiline: "auto", StartAt: "beginning"}
}

// Validate names every mistake.
func (c *Config) Validate() error {
	all := []error{checkDirectory("root", c.Root)}
	for _, dir := range c.AllowedRoots {
		all = append(all, checkDirectory("allowed_roots", dir))
	}
	if err := tail.CheckMultiline(c.Multiline); err != nil {
		all = append(all, fmt.Errorf("multiline: %w", err))
	}
	if _, err := tail.ParseStart(c.StartAt, time.Time{}); err != nil {
		all = append(all, fmt.Errorf("start_at: %w", err))
	}
	return errors.Join(append(all, checkPatterns("include", c.Include), checkPatterns("exclude", c.Exclude))...)
}

func checkDirectory(key, dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%s: %q is no absolute path: write one such as /var/log/pods", key, dir)
	}
	return nil
}

func checkPatterns(key string, patterns []string) error {
	var all []error
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			all = append(all, fmt.Errorf("%s: %q is no pattern: close its brackets, or put a backslash before them", key, p))
		}
		if p == "" || strings.Count(p, "/") > 2 {
			all = append(all, fmt.Errorf("%s: %q: write namespace, namespace/pod or namespace/pod/container", key, p))
		}
	}
	return errors.Join(all...)
}
