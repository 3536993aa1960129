package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/pipeline/event"
)

// prefix is that of the annotations by which people say how logs are read,
// "tailrace.io/KEY" for all containers and "tailrace.io/KEY.CONTAINER" for one.
// An annotation's name without its prefix has at most 63 characters, among them
// letters, digits, dots, hyphens and underscores (Kubernetes, "Annotations"); a
// container's name has no dot.
const prefix = "tailrace.io/"

// The keys, without the prefix.
const (
	keyExclude    = "exclude"
	keyFormat     = "format"
	keyLogFormat  = "log-format"
	keyDataset    = "data-stream-dataset"
	keyDataStream = "data-stream-namespace"
	keyMultiline  = "multiline"
	keySample     = "sample"
	keyRedact     = "redact"
	keyTimezone   = "timezone"
)

// Keys are those of the annotations that are understood.
func Keys() []string {
	return []string{keyExclude, keyFormat, keyLogFormat, keyDataset, keyDataStream, keyMultiline, keySample, keyRedact, keyTimezone}
}

// What whoever may annotate a pod can make the agent keep is bounded: values are
// so long in bytes, and of an object so many are followed and so many reported.
const (
	maxSetting  = 1024
	maxWishes   = 64
	maxProblems = 16
	maxWhy      = 512
)

// maxSample keeps something of a log that is sampled.
const maxSample = 1_000_000

// answer is what was said to a question.
type answer int8

const (
	unsaid answer = iota
	yes
	no
)

// wish is what annotations want of a container's log.
type wish struct {
	event.Settings
	// Stdout and Stderr say whether a stream is left out; By is the annotation
	// that said so last.
	Stdout, Stderr answer
	By             string `json:",omitempty"`
}

// override takes over what o says.
func (w *wish) override(o *wish) {
	w.Settings.Override(o.Settings)
	for _, s := range []struct{ of, by *answer }{{&w.Stdout, &o.Stdout}, {&w.Stderr, &o.Stderr}} {
		if *s.by != unsaid {
			*s.of, w.By = *s.by, o.By
		}
	}
}

// excluded is the annotation for which nothing of the log is read, "" if it is.
func (w *wish) excluded() string {
	if w.Stdout != yes || w.Stderr != yes {
		return ""
	}
	return w.By
}

// settings are those of a log that is read.
func (w *wish) settings() event.Settings {
	s := w.Settings
	switch {
	case w.Stdout == yes:
		s.Without = event.Stdout
	case w.Stderr == yes:
		s.Without = event.Stderr
	}
	return s
}

// wishes are what the annotations of an object want, by container; "" is for
// all. Foreign are those of other agents' annotations, which give way.
type wishes struct {
	Own     map[string]wish `json:",omitempty"`
	Foreign map[string]wish `json:",omitempty"`
}

// apply adds to w what is wanted of a container.
func (ws *wishes) apply(w *wish, container string) {
	for _, from := range []map[string]wish{ws.Foreign, ws.Own} {
		for _, name := range []string{"", container} {
			if o, ok := from[name]; ok {
				w.override(&o)
			}
		}
	}
}

func (ws *wishes) equals(o *wishes) bool {
	return maps.Equal(ws.Own, o.Own) && maps.Equal(ws.Foreign, o.Foreign)
}

// Problem is an annotation that is not followed.
type Problem struct {
	Namespace string
	// Pod is empty for an annotation of the namespace.
	Pod string
	Key string
	// Why says what is wrong with it, and what would be right.
	Why string
}

// reader takes the annotations of one object.
type reader struct {
	keys  []string
	check func(event.Settings) error
	// containers are those that there are, nil when that is not known.
	containers []string
	// of says whose annotations they are, behind their keys.
	of       string
	wishes   wishes
	problems []Problem
}

// read takes all annotations, in the order of their keys.
func (r *reader) read(annotations map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		a, ok := parseKey(key)
		if !ok {
			continue
		}
		if err := r.take(&a, key, annotations[key]); err != nil {
			r.report(key, err)
		}
	}
}

// take follows one annotation.
func (r *reader) take(a *annotation, key, value string) error {
	into := &r.wishes.Own
	if a.foreign {
		into = &r.wishes.Foreign
	}
	w, had := (*into)[a.container]
	switch {
	case !slices.Contains(Keys(), a.key):
		return fmt.Errorf("there is no such setting: write %s%s", prefix, strings.Join(Keys(), ", "+prefix))
	case !slices.Contains(r.keys, a.key):
		return errors.New("it is not followed on this node: the configuration of the processor kubernetes does not list it under annotations")
	case a.container != "" && r.containers != nil && !slices.Contains(r.containers, a.container):
		return fmt.Errorf("the pod has no container %s: it has %s", show(a.container), show(strings.Join(r.containers, ", ")))
	case len(value) > maxSetting:
		return fmt.Errorf("the value has %d bytes: write at most %d", len(value), maxSetting)
	case !had && len(*into) >= maxWishes:
		return fmt.Errorf("annotations name more than %d containers", maxWishes)
	}
	a.by = key + r.of
	if err := w.set(a, strings.TrimSpace(value), r.check); err != nil {
		return err
	}
	if *into == nil {
		*into = make(map[string]wish)
	}
	(*into)[a.container] = w
	return nil
}

func (r *reader) report(key string, err error) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{Key: key, Why: cut(err.Error(), maxWhy)})
	}
}

// set changes w as an annotation says.
func (w *wish) set(a *annotation, value string, check func(event.Settings) error) error {
	if value == "" {
		return errors.New("it has no value: write one, or take the annotation away")
	}
	var s event.Settings
	var err error
	switch a.key {
	case keyExclude:
		return w.exclude(a, value)
	case keySample:
		s.Sample, err = parseSample(value)
	case keyFormat:
		s.Format, err = a.format(value)
	case keyLogFormat:
		s.LogFormat = value
	case keyDataset:
		s.Dataset = value
	case keyDataStream:
		s.DataStreamNamespace = value
	case keyMultiline:
		s.Multiline = value
	case keyRedact:
		s.Redact = value
	case keyTimezone:
		s.Timezone = value
	}
	all := w.Settings
	all.Override(s)
	if err == nil && check != nil {
		err = check(all)
	}
	if err == nil {
		w.Settings = all
	}
	return err
}

func parseSample(value string) (uint64, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 || n > maxSample {
		return 0, fmt.Errorf("%s is no number from 1 to %d: of so many lines one is kept", show(value), maxSample)
	}
	return n, nil
}

// exclude answers whether streams are left out.
func (w *wish) exclude(a *annotation, value string) error {
	if a.stream == "" && !a.foreign && (value == stdout || value == stderr) {
		w.Stdout, w.Stderr, w.By = no, no, a.by
		*w.stream(value) = yes
		return nil
	}
	said := parseAnswer(value)
	if said == unsaid {
		return fmt.Errorf("%s is neither true nor false%s", show(value), a.orStream())
	}
	if a.negated {
		said = yes + no - said
	}
	w.By = a.by
	if a.stream != "" {
		*w.stream(a.stream) = said
	} else {
		w.Stdout, w.Stderr = said, said
	}
	return nil
}

func (w *wish) stream(name string) *answer {
	if name == stdout {
		return &w.Stdout
	}
	return &w.Stderr
}

func parseAnswer(value string) answer {
	switch strings.ToLower(value) {
	case "true", "yes", "on":
		return yes
	case "false", "no", "off":
		return no
	}
	return unsaid
}

// maxShown is how much of a value a message has, in bytes.
const maxShown = 64

// show quotes what somebody has written, cut if it is long.
func show(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return strconv.Quote(s)
}
