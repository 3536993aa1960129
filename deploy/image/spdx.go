package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// The parts of an SPDX 2.3 document that say which modules a program has.
type spdx struct {
	SPDXVersion   string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	SPDXID        string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	SPDXID       string      `json:"SPDXID"`
	Name         string      `json:"name"`
	Version      string      `json:"versionInfo"`
	Location     string      `json:"downloadLocation"`
	Analyzed     bool        `json:"filesAnalyzed"`
	License      string      `json:"licenseDeclared,omitempty"`
	ExternalRefs []reference `json:"externalRefs"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

// billOfMaterials lists the modules that Go has noted in a program, and the Go
// version, whose library is in it too.
func billOfMaterials(program, version string, created time.Time) ([]byte, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("which modules are in it is not known: %w", err)
	}
	modules := append([]*debug.Module{{Path: info.Main.Path, Version: version}, {Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}}, info.Deps...)
	d := spdx{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", Name: "tailrace",
		Creation: creation{created.Format(time.RFC3339), []string{"Tool: tailrace-image"}},
	}
	for i, m := range modules {
		if m.Replace != nil {
			m = m.Replace
		}
		p := packageOf(m, i)
		d.Packages = append(d.Packages, p)
		if i == 0 {
			d.Packages[0].License = "Apache-2.0"
			d.Relationships = append(d.Relationships, relationship{d.SPDXID, "DESCRIBES", p.SPDXID})
			continue
		}
		d.Relationships = append(d.Relationships, relationship{d.Packages[0].SPDXID, "DEPENDS_ON", p.SPDXID})
	}
	content, err := json.Marshal(d.Packages)
	if err != nil {
		return nil, err
	}
	// Unique for each content (SPDX 2.3, 6.5).
	d.Namespace = fmt.Sprintf("https://github.com/tailrace/tailrace/spdx/%x", sha256.Sum256(content))
	return json.MarshalIndent(d, "", " ")
}

func packageOf(m *debug.Module, number int) spdxPackage {
	version := cmp.Or(m.Version, "unknown")
	return spdxPackage{
		SPDXID: fmt.Sprintf("SPDXRef-%d", number), Name: m.Path, Version: version, Location: "NOASSERTION",
		ExternalRefs: []reference{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + m.Path + "@" + version}},
	}
}
