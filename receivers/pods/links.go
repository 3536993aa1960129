package pods

import (
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailrace/tailrace/internal/tail"
	"github.com/tailrace/tailrace/internal/tail/confine"
)

// Where Docker runs the containers, the kubelet's log is a symbolic link to
// Docker's own file (kubelet, dockershim and cri-dockerd):
// <data>/containers/<id>/<id>-json.log. Docker rotates the file that the link
// leads to, to .1, .2 and so on beside it, and compresses what is rotated when
// it is told to; the link stays as it is.
var dockerRotated = regexp.MustCompile(`^\.(\d{1,6})(?:\.gz)?$`)

// reasonLink is for links that nobody has allowed.
const reasonLink = "a symbolic link that leads into none of allowed_roots"

// linked yields the file that a link in place of t stands for, and what was
// rotated away from it. The link is read, not followed: the file is opened
// beneath the allowed root that its text names.
func (s *scan) linked(t tail.Target) {
	dest, err := s.root.Readlink(t.Name)
	if err != nil {
		// It was replaced in the meantime; the next scan sees by what.
		return
	}
	root, name := s.allowed(dest)
	if root == nil {
		s.refuse(t.Name, reasonLink)
		return
	}
	entries, ok := s.listBeneath(root, path.Dir(name))
	if ok {
		s.links[path.Join(root.Path(), path.Dir(name))] = path.Join(s.cfg.Root, path.Dir(t.Name))
	}
	for _, e := range entries {
		order, ok := dockerOrder(e.Name(), path.Base(name))
		if !ok {
			continue
		}
		t.Root, t.Name, t.Order = root.Path(), path.Join(path.Dir(name), e.Name()), order
		t.Compressed = path.Ext(e.Name()) == ".gz"
		s.yield(t)
	}
}

// dockerOrder is the place of a file among those that live was rotated to: the
// higher the number, the older the file.
func dockerOrder(name, live string) (int64, bool) {
	suffix, ok := strings.CutPrefix(name, live)
	if !ok || suffix == "" {
		return tail.Live, ok
	}
	m := dockerRotated.FindStringSubmatch(suffix)
	if m == nil {
		return 0, false
	}
	// The pattern leaves nothing that is no number.
	n, _ := strconv.ParseInt(m[1], 10, 64)
	return -n, true
}

// allowed finds the allowed root that a link leads into, and the file's name
// in it. Roots are opened when they are needed: they may be mounted late.
func (r *Receiver) allowed(dest string) (*confine.Root, string) {
	for _, dir := range r.cfg.AllowedRoots {
		dir = path.Clean(dir)
		name, ok := strings.CutPrefix(dest, strings.TrimSuffix(dir, "/")+"/")
		if !ok || !filepath.IsLocal(name) || path.Clean(name) != name {
			continue
		}
		if r.linkRoots[dir] == nil {
			root, err := confine.OpenRoot(dir)
			if err != nil {
				continue
			}
			r.linkRoots[dir] = root
		}
		return r.linkRoots[dir], name
	}
	return nil, ""
}
