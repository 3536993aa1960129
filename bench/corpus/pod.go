package corpus

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
)

// Pod names a container whose log is made.
type Pod struct{ Namespace, Name, UID, Container string }

// Number is the i-th pod of a benchmark.
func Number(i int) Pod {
	return Pod{"shop", fmt.Sprintf("cart-7d4f9b8c6d-%05d", i), fmt.Sprintf("8c1f6a52-0b7e-4a9d-9c1e-%012d", i), "app"}
}

// Directory is where the pod's containers keep their logs beneath root.
func (p Pod) Directory(root string) string {
	return filepath.Join(root, p.Namespace+"_"+p.Name+"_"+p.UID, p.Container)
}

// Path is the pod's log file beneath root.
func (p Pod) Path(root string) string { return filepath.Join(p.Directory(root), "0.log") }

// Create makes the pod's log file beneath root, open for appending.
func (p Pod) Create(root string) (*os.File, error) {
	if err := os.MkdirAll(p.Directory(root), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(p.Path(root), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// Write fills the pod's log file beneath root with lines of g.
func (p Pod) Write(root string, g *Generator, lines int) (err error) {
	f, err := p.Create(root)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	for range lines {
		g.app = g.Append(g.app[:0])
		if _, err := w.Write(g.app); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Node is the name of the node that benchmarks run on.
const Node = "node-1"

// Resource are the attributes of the resource that Tailrace gives to the
// pod's lines.
func (p Pod) Resource() map[string]any {
	return map[string]any{
		"service.name":                p.Container,
		"service.namespace":           p.Namespace,
		"service.instance.id":         p.Namespace + "." + p.Name + "." + p.Container,
		"k8s.namespace.name":          p.Namespace,
		"k8s.pod.name":                p.Name,
		"k8s.pod.uid":                 p.UID,
		"k8s.container.name":          p.Container,
		"k8s.container.restart_count": 0,
		"k8s.node.name":               Node,
	}
}
