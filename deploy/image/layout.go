package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Media types of the OCI image specification 1.1, and SPDX's own.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
	typeEmpty    = "application/vnd.oci.empty.v1+json"
	typeSPDX     = "application/spdx+json"
)

type descriptor struct {
	MediaType    string    `json:"mediaType"`
	ArtifactType string    `json:"artifactType,omitempty"`
	Digest       string    `json:"digest"`
	Size         int       `json:"size"`
	Platform     *platform `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	ArtifactType  string       `json:"artifactType,omitempty"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
	Subject       *descriptor  `json:"subject,omitempty"`
}

type config struct {
	Created      time.Time `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       struct {
		Env        []string
		Entrypoint []string
		Cmd        []string
		WorkingDir string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// layout is a folder of blobs that are named by what is in them.
type layout struct{ dir string }

func newLayout(dir string) (layout, error) {
	l := layout{dir}
	if _, err := os.Lstat(dir); err == nil {
		return l, fmt.Errorf("%s exists already; remove it, or name another folder (-out)", dir)
	}
	return l, os.MkdirAll(filepath.Join(dir, "blobs", "sha256"), 0o755)
}

func (l layout) blob(mediaType string, content []byte) (descriptor, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	err := os.WriteFile(filepath.Join(l.dir, "blobs", "sha256", sum), content, 0o644)
	return descriptor{MediaType: mediaType, Digest: "sha256:" + sum, Size: len(content)}, err
}

// document adds a value as JSON.
func (l layout) document(mediaType string, v any) (descriptor, error) {
	content, err := json.Marshal(v)
	if err != nil {
		return descriptor{}, err
	}
	return l.blob(mediaType, content)
}

// finish writes the two files that are not named by their content.
func (l layout) finish(all index) error {
	content, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(l.dir, "index.json"), content, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

// entry is a file of a layer.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// layer packs files, and the folders above them, and says what the digest of
// the archive is before compression.
func layer(modified time.Time, files []entry) (packed []byte, unpacked string, err error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	folders := map[string]bool{".": true}
	for _, f := range files {
		if err := addFolders(w, folders, path.Dir(f.name), modified); err != nil {
			return nil, "", err
		}
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: modified}); err != nil {
			return nil, "", err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	if _, err := z.Write(archive.Bytes()); err != nil {
		return nil, "", err
	}
	err = z.Close()
	return compressed.Bytes(), fmt.Sprintf("sha256:%x", sha256.Sum256(archive.Bytes())), err
}

func addFolders(w *tar.Writer, added map[string]bool, name string, modified time.Time) error {
	if added[name] {
		return nil
	}
	added[name] = true
	if err := addFolders(w, added, path.Dir(name), modified); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: modified})
}
