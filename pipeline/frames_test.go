package pipeline

import (
	"testing"

	"github.com/tailrace/tailrace/pipeline/config"
)

func TestGatewayExampleIsValid(t *testing.T) {
	cfg, err := config.Check([]string{"../gateway.example.yaml"}, Kinds())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		t.Error(w)
	}
}
