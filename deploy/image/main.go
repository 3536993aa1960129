// Command image makes a container image of programs that are built already,
// without a daemon and without a base: an OCI layout (opencontainers/image-spec
// 1.1) for several architectures, each with its bill of materials. The same
// programs, certificates and time make the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	out := flags.String("out", "bin/image", "folder of the layout, which must not exist")
	version := flags.String("version", "dev", "version of the image")
	created := flags.Int64("created", 0, "when its source was committed, seconds since 1970")
	roots := flags.String("ca", "/etc/ssl/certs/ca-certificates.crt", "certificates to trust, PEM")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return fmt.Errorf("name the programs, as amd64=bin/tailrace-linux-amd64")
	}
	certificates, err := os.ReadFile(*roots)
	if err != nil {
		return fmt.Errorf("no certificates for TLS: %w; install ca-certificates or name a file (-ca)", err)
	}
	b := builder{version: *version, created: time.Unix(*created, 0).UTC(), certificates: certificates}
	if b.layout, err = newLayout(*out); err != nil {
		return err
	}
	return b.build(flags.Args())
}

// builder makes one image.
type builder struct {
	version      string
	created      time.Time
	certificates []byte
	layout       layout
}

// build adds an image and a bill of materials for each architecture, and the
// index that joins them.
func (b *builder) build(programs []string) error {
	all := index{SchemaVersion: 2, MediaType: typeIndex}
	var materials []descriptor
	for _, p := range programs {
		arch, program, ok := strings.Cut(p, "=")
		if !ok {
			return fmt.Errorf("%q is not ARCH=PROGRAM", p)
		}
		image, err := b.image(arch, program)
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		bill, err := b.materials(image, arch, program)
		if err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
		all.Manifests, materials = append(all.Manifests, image), append(materials, bill)
	}
	all.Manifests = append(all.Manifests, materials...)
	return b.layout.finish(all)
}

// image adds the image of one architecture.
func (b *builder) image(arch, program string) (descriptor, error) {
	binary, err := os.ReadFile(program)
	if err != nil {
		return descriptor{}, err
	}
	packed, unpacked, err := layer(b.created, []entry{
		{"etc/ssl/certs/ca-certificates.crt", 0o644, b.certificates},
		{"usr/bin/tailrace", 0o755, binary},
	})
	if err != nil {
		return descriptor{}, err
	}
	content, err := b.layout.blob(typeLayer, packed)
	if err != nil {
		return descriptor{}, err
	}
	c, err := b.layout.document(typeConfig, b.config(arch, unpacked))
	if err != nil {
		return descriptor{}, err
	}
	d, err := b.layout.document(typeManifest, manifest{SchemaVersion: 2, MediaType: typeManifest, Config: c, Layers: []descriptor{content}})
	d.Platform = &platform{Architecture: arch, OS: "linux"}
	return d, err
}

func (b *builder) config(arch, unpacked string) config {
	c := config{Created: b.created, Architecture: arch, OS: "linux"}
	c.Config.Env = []string{"PATH=/usr/bin"}
	c.Config.Entrypoint, c.Config.Cmd = []string{"/usr/bin/tailrace"}, []string{"run"}
	c.Config.WorkingDir = "/"
	c.Config.Labels = map[string]string{
		"org.opencontainers.image.source":   "https://github.com/tailrace/tailrace",
		"org.opencontainers.image.version":  b.version,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{unpacked}
	return c
}

// materials adds what a program consists of, as an artifact that refers to its
// image, and as a file beside the layout.
func (b *builder) materials(of descriptor, arch, program string) (descriptor, error) {
	text, err := billOfMaterials(program, b.version, b.created)
	if err != nil {
		return descriptor{}, err
	}
	if err := os.WriteFile(filepath.Clean(b.layout.dir)+"-"+arch+".spdx.json", text, 0o644); err != nil {
		return descriptor{}, err
	}
	content, err := b.layout.blob(typeSPDX, text)
	if err != nil {
		return descriptor{}, err
	}
	empty, err := b.layout.blob(typeEmpty, []byte("{}"))
	if err != nil {
		return descriptor{}, err
	}
	subject := descriptor{MediaType: of.MediaType, Digest: of.Digest, Size: of.Size}
	d, err := b.layout.document(typeManifest, manifest{
		SchemaVersion: 2, MediaType: typeManifest, ArtifactType: typeSPDX,
		Config: empty, Layers: []descriptor{content}, Subject: &subject,
	})
	d.ArtifactType = typeSPDX
	// Of no platform, so that none takes it for its image.
	d.Platform = &platform{Architecture: "unknown", OS: "unknown"}
	return d, err
}
