package pipeline

import (
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/processors/parse"
	"github.com/tailrace/tailrace/processors/redact"
)

// settled is a provider whose sources have the settings of their pods when they
// are opened: reading, parsing and encoding all go by them.
type settled struct {
	tail.Provider
	routes
}

func (a *Agent) withSettings(p tail.Provider) tail.Provider {
	return settled{p, routes{a.cfg.Service.Routes, a.metadata}}
}

// Describe adds what the pod's annotations say, which wins, and chooses the class.
func (s settled) Describe(t *tail.Target) event.Source {
	src := s.Provider.Describe(t)
	if s.metadata != nil {
		src.Settings.Override(s.metadata.Settings(&src))
	}
	src.Class = s.class(&src)
	return src
}

// Close closes the provider, if that has anything open.
func (s settled) Close() error {
	if c, ok := s.Provider.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// checkSettings is an error for settings that a component would not understand.
// Components do not know each other, so each one's check is called here.
func (a *Agent) checkSettings(s event.Settings) error {
	format := parse.CheckFormat(s.Format, slices.Collect(maps.Keys(a.cfg.Service.Formats))...)
	return errors.Join(redact.CheckClasses(s.Redact), format, parse.CheckLayout(s.Format, s.LogFormat), tail.CheckMultiline(s.Multiline), parse.CheckZone(s.Timezone))
}
