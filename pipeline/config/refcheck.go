package config

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// referencePattern is what confmap replaces. A dollar sign before it makes it plain.
var referencePattern = regexp.MustCompile(`(\$*)\$\{([^${}]*)\}`)

// variable is the name of an environment variable, as envprovider has it.
var variable = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// checkReferences finds references that confmap could not resolve: its own
// error names neither the file that has the reference nor the line.
func checkReferences(docs []document) Problems {
	var problems Problems
	for _, doc := range docs {
		eachScalar(doc.root, func(n *yaml.Node) {
			for _, m := range referencePattern.FindAllStringSubmatch(n.Value, -1) {
				if wrong := unresolvable(m[2]); wrong != "" && len(m[1])%2 == 0 {
					problems = append(problems, Problem{Position: Position{doc.name, n.Line},
						Message: fmt.Sprintf("${%s}: %s", m[2], wrong)})
				}
			}
		})
	}
	return problems
}

// unresolvable says what is wrong with a reference, "" if nothing is.
func unresolvable(ref string) string {
	scheme, rest, found := strings.Cut(ref, ":")
	if !found {
		scheme, rest = "env", ref
	}
	switch scheme {
	case "env":
		if name, _, _ := strings.Cut(rest, ":-"); !variable.MatchString(name) {
			return fmt.Sprintf("%q cannot be the name of a variable: it has letters, digits and underscores", name)
		}
	case "file":
		if _, err := os.ReadFile(rest); err != nil {
			return explainRead(rest, err).Error()
		}
	case "yaml":
	default:
		return fmt.Sprintf("there is no source %q: write env, file or yaml; for a plain dollar sign write $$", scheme)
	}
	return ""
}

func eachScalar(n *yaml.Node, visit func(*yaml.Node)) {
	if n.Kind == yaml.ScalarNode {
		visit(n)
	}
	for _, c := range n.Content {
		eachScalar(c, visit)
	}
}
