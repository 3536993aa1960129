package encode

// Mapping is the form of documents.
type Mapping string

// The mappings, named as those of the Collector contrib's elasticsearch
// exporter.
const (
	// OTel keeps the structure of OpenTelemetry: attributes, resource, body.
	OTel Mapping = "otel"
	// ECS has the fields of the Elastic Common Schema side by side.
	ECS Mapping = "ecs"
)
