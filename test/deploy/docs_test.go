package deploy

import (
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// constraintsNeed are the fields without which OpenShift refuses a
// SecurityContextConstraints (github.com/openshift/api, security/v1, "required"
// in the schema of the custom resource); null is a value there.
var constraintsNeed = []string{
	"allowHostDirVolumePlugin", "allowHostIPC", "allowHostNetwork", "allowHostPID", "allowHostPorts", "allowPrivilegedContainer",
	"allowedCapabilities", "defaultAddCapabilities", "priority", "readOnlyRootFilesystem", "requiredDropCapabilities", "volumes",
}

// TestOpenShiftsConstraintsAreWhole reads the ones that the chart's page tells
// people to make.
func TestOpenShiftsConstraintsAreWhole(t *testing.T) {
	block := regexp.MustCompile(`(?m)^      apiVersion: security\.openshift\.io/v1\n(?:      .*\n)+`).Find(file(t, chart+"/README.md"))
	var constraints map[string]any
	if err := yaml.Unmarshal(block, &constraints); err != nil || len(block) == 0 {
		t.Fatalf("%q: %v", block, err)
	}
	for _, field := range constraintsNeed {
		if _, ok := constraints[field]; !ok {
			t.Errorf("OpenShift refuses it without %s", field)
		}
	}
	given := constraints["volumes"].([]any)
	for _, v := range objects(t, rendered("metadata"))["DaemonSet"].Spec.Template.Spec.Volumes {
		for kind := range v {
			if kind != "name" && !strings.Contains(strings.Join(texts(given), " "), kind) {
				t.Errorf("the pods mount a %s, which it does not allow", kind)
			}
		}
	}
}

func texts(all []any) (out []string) {
	for _, v := range all {
		out = append(out, v.(string))
	}
	return out
}

// TestDoctorIsToldTheConfigurationOfThePod: without it doctor looks at what an
// agent would do that has none.
func TestDoctorIsToldTheConfigurationOfThePod(t *testing.T) {
	args := strings.Join(objects(t, rendered("default"))["DaemonSet"].Spec.Template.Spec.Containers[0].Args, " ")
	_, config, _ := strings.Cut(args, "--config ")
	for _, page := range []string{"docs/doctor.md", chart + "/templates/NOTES.txt", "cmd/tailrace/doctor.go"} {
		commands := regexp.MustCompile(`exec .* -- tailrace doctor.*`).FindAllString(string(file(t, page)), -1)
		if len(commands) == 0 {
			t.Errorf("%s does not say how to run doctor in a pod", page)
		}
		for _, c := range commands {
			if config == "" || !strings.HasSuffix(c, "tailrace doctor --config "+config) {
				t.Errorf("%s: %s; the agent runs with %s", page, c, args)
			}
		}
	}
}
