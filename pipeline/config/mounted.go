package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Same says whether two configurations come to the same agent. What one of them
// writes and the other leaves to its default is taken for a difference.
func (c *Config) Same(o *Config) bool {
	return reflect.DeepEqual(c.Service, o.Service) &&
		same(c.Receivers, o.Receivers) && same(c.Processors, o.Processors) &&
		same(c.Connectors, o.Connectors) && same(c.Exporters, o.Exporters)
}

func same(a, b Sections) bool {
	if len(a) != len(b) {
		return false
	}
	for id, s := range a {
		other, ok := b[id]
		if !ok || len(s.Raw) != len(other.Raw) || len(s.Raw) > 0 && !reflect.DeepEqual(s.Raw, other.Raw) {
			return false
		}
	}
	return true
}

// Files are those that a configuration was read from: the ones that were named
// and the ones that ${file:…} names in them.
func (c *Config) Files() []string {
	var files []string
	for _, doc := range c.src.docs {
		if doc.path != "" {
			files = append(files, doc.path)
		}
		eachScalar(doc.root, func(n *yaml.Node) {
			for _, m := range referencePattern.FindAllStringSubmatch(n.Value, -1) {
				if path, ok := strings.CutPrefix(m[2], schemeFile); ok && len(m[1])%2 == 0 {
					files = append(files, path)
				}
			}
		})
	}
	return files
}

// dataLink is what the kubelet replaces when a mounted ConfigMap or Secret has
// changed: a link to the directory that has all files of one version (package
// k8s.io/kubernetes/pkg/volume/util, AtomicWriter).
const dataLink = "..data"

// Mounted tells versions of mounted files apart: by the links through which
// Kubernetes replaces them, in one step, in any of the directories above them.
// It is empty when none of the files is mounted so.
func Mounted(files []string) string {
	var versions []string
	for _, f := range files {
		for dir := filepath.Dir(f); ; dir = filepath.Dir(dir) {
			link := filepath.Join(dir, dataLink)
			if to, err := os.Readlink(link); err == nil {
				versions = append(versions, link+" "+to)
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	slices.Sort(versions)
	return strings.Join(slices.Compact(versions), "\n")
}
