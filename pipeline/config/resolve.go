package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.yaml.in/yaml/v3"
)

const (
	schemeFile = "file:"
	schemeEnv  = "env:"
	schemeYAML = "yaml:"
)

// resolve merges what uris name, later ones over earlier ones, and replaces
// ${env:NAME}, ${env:NAME:-default}, ${file:…} and ${yaml:…}. Unset variables
// without a default are returned by name.
func resolve(uris []string) (*source, []string, error) {
	uris = normalise(uris)
	docs, err := readAll(uris)
	if err != nil {
		return nil, nil, err
	}
	if err := checkReferences(docs).asError(); err != nil {
		return nil, nil, err
	}
	var unset []string
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:          uris,
		DefaultScheme: "env",
		ProviderFactories: []confmap.ProviderFactory{
			fileprovider.NewFactory(), yamlprovider.NewFactory(), watchUnset(&unset),
		},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	conf, err := resolver.Resolve(context.Background())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return &source{docs: docs, conf: conf}, unset, resolver.Shutdown(context.Background())
}

// normalise makes a file: URI of every plain path.
func normalise(uris []string) []string {
	out := make([]string, len(uris))
	for i, uri := range uris {
		out[i] = uri
		if !hasScheme(uri) {
			out[i] = schemeFile + uri
		}
	}
	return out
}

func hasScheme(uri string) bool {
	for _, scheme := range []string{schemeFile, schemeEnv, schemeYAML} {
		if strings.HasPrefix(uri, scheme) {
			return true
		}
	}
	return false
}

// readAll parses every file into nodes. It runs before confmap, whose message
// for a broken file names neither the line nor the cure.
func readAll(uris []string) ([]document, error) {
	var docs []document
	for _, uri := range uris {
		name, text, err := read(uri)
		if err != nil {
			return nil, err
		}
		doc := document{name: name, root: new(yaml.Node)}
		if path, ok := strings.CutPrefix(uri, schemeFile); ok {
			doc.path = path
		}
		if err := yaml.Unmarshal(text, doc.root); err != nil {
			return nil, Problems{syntaxProblem(name, err)}
		}
		if problem, ok := duplicateOrScalar(doc); ok {
			return nil, Problems{problem}
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

func read(uri string) (name string, text []byte, err error) {
	if path, ok := strings.CutPrefix(uri, schemeFile); ok {
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
			return path, nil, fmt.Errorf("%s is a pipe, which can be read only once, and the configuration is read again for a reload: write it into a file", path)
		}
		text, err = os.ReadFile(path)
		return path, text, explainRead(path, err)
	}
	if name, ok := strings.CutPrefix(uri, schemeEnv); ok {
		name, _, _ = strings.Cut(name, ":-")
		return uri, []byte(os.Getenv(name)), nil
	}
	text = []byte(strings.TrimPrefix(uri, schemeYAML))
	if bytes.Contains(text, []byte(confmap.KeyDelimiter)) {
		text = nil // in a::b: c, confmap's short form, there are no lines to name
	}
	return "yaml", text, nil
}

func explainRead(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s: write the right path", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the file %s is not readable for this user: change its mode or its owner", path)
	}
	return fmt.Errorf("the file %s cannot be read: %w", path, err)
}

// yamlLine is how yaml/v3 begins the message of a syntax error.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)

func syntaxProblem(name string, err error) Problem {
	message, at := err.Error(), Position{File: name}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	message = strings.TrimPrefix(message, "yaml: ")
	return Problem{Position: at, Message: "not valid YAML: " + message}
}

// duplicateOrScalar finds what parses into nodes but not into a mapping.
func duplicateOrScalar(doc document) (Problem, bool) {
	if len(doc.root.Content) == 0 {
		return Problem{}, false
	}
	var m map[string]any
	if err := doc.root.Decode(&m); err != nil {
		if top := doc.root.Content[0]; top.Kind != yaml.MappingNode {
			return Problem{Position: Position{doc.name, top.Line},
				Message: "must be a mapping with the keys receivers, processors, exporters and service"}, true
		}
		return syntaxProblem(doc.name, err), true
	}
	return Problem{}, false
}

// watchUnset is confmap's env provider that also notes variables that are not
// set and have no default: their value is empty.
func watchUnset(unset *[]string) confmap.ProviderFactory {
	inner := envprovider.NewFactory()
	return confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
		return &envWatch{Provider: inner.Create(set), unset: unset}
	})
}

type envWatch struct {
	confmap.Provider
	unset *[]string
}

// Retrieve implements confmap.Provider.
func (e *envWatch) Retrieve(ctx context.Context, uri string, w confmap.WatcherFunc) (*confmap.Retrieved, error) {
	name := strings.TrimPrefix(uri, schemeEnv)
	if _, ok := os.LookupEnv(name); !ok && !strings.Contains(name, ":-") {
		*e.unset = append(*e.unset, name)
	}
	return e.Provider.Retrieve(ctx, uri, w)
}
