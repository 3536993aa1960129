package config

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Print writes the configuration as it will be used: merged, with every
// reference resolved and every default filled in, and with secrets redacted.
// Its output is a configuration again, but for the secrets.
func Print(c *Config, kinds Kinds, w io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, kind := range c.kinds() {
		if len(kind.sections) == 0 {
			continue
		}
		n, err := kinds.sectionsNode(kind, &c.Service)
		if err != nil {
			return err
		}
		put(root, kind.name, n)
	}
	put(root, "service", node(reflect.ValueOf(c.Service)))
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	return errors.Join(enc.Encode(root), enc.Close())
}

func (k Kinds) sectionsNode(kind kindOfSections, service *Service) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, id := range kind.sections.IDs() {
		cfg, err := k.decode(kind, kind.sections[id], service)
		if err != nil {
			return nil, err
		}
		put(out, id.String(), node(reflect.ValueOf(cfg).Elem()))
	}
	return out, nil
}

func put(m *yaml.Node, key string, value *yaml.Node) {
	k := new(yaml.Node)
	k.SetString(key)
	m.Content = append(m.Content, k, value)
}

// node is v as YAML, in the order of the struct's fields.
func node(v reflect.Value) *yaml.Node {
	if text, ok := marshalText(v); ok {
		return textNode(text)
	}
	switch v.Kind() {
	case reflect.Struct:
		out := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range fieldsOf(v.Type()) {
			put(out, f.Key, fieldNode(f, v.FieldByIndex(f.Index)))
		}
		return out
	case reflect.Map:
		return mapNode(v)
	case reflect.Slice:
		return listNode(v)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return node(v.Elem())
		}
	case reflect.String:
		return textNode(withoutPassword(v.String()))
	}
	out := new(yaml.Node)
	if err := out.Encode(v.Interface()); err != nil {
		return textNode(fmt.Sprint(v.Interface()))
	}
	return out
}

// listNode is on one line, unless its elements are mappings.
func listNode(v reflect.Value) *yaml.Node {
	out := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		e := node(v.Index(i))
		out.Content = append(out.Content, e)
		if e.Kind == yaml.MappingNode {
			out.Style = 0
		}
	}
	return out
}

// secretKeys are redacted whatever their field's type is.
var secretKeys = []string{"password", "api_key", "token", "secret"}

func fieldNode(f field, v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.String && slices.Contains(secretKeys, f.Key) {
		return textNode(Secret(v.String()).String())
	}
	return node(v)
}

func mapNode(v reflect.Value) *yaml.Node {
	byKey := map[string]reflect.Value{}
	for _, k := range v.MapKeys() {
		byKey[fmt.Sprint(k.Interface())] = v.MapIndex(k)
	}
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		put(out, k, node(byKey[k]))
	}
	return out
}

func textNode(s string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(s)
	if s == "" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func marshalText(v reflect.Value) (string, bool) {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return shortDuration(d), true
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return "", false
	}
	text, err := m.MarshalText()
	return string(text), err == nil
}

// shortDuration is d as people write it: 24h, not 24h0m0s.
func shortDuration(d time.Duration) string {
	switch {
	case d != 0 && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d != 0 && d%time.Minute == 0 && d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// withoutPassword redacts the password of an address.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	if _, has := u.User.Password(); !has {
		return s
	}
	clear, user := *u, u.User.Username()
	clear.User = nil
	return fmt.Sprintf("%s://%s:%s@%s", u.Scheme, user, Redacted, clear.String()[len(u.Scheme)+3:])
}
