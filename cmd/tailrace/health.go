package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tailrace/tailrace/internal/telemetry"
)

// healthTimeout is under the one second that a Kubernetes exec probe has by
// default.
const healthTimeout = 800 * time.Millisecond

func newHealthCommand() *cobra.Command {
	var address string
	var ready bool
	cmd := &cobra.Command{
		Use:     "health",
		GroupID: groupAgent,
		Short:   "Ask the running agent whether it makes progress; the status is 0 if so",
		Long: `Health asks the agent at service.telemetry.metrics.address. It is made for exec
probes: it prints one line and exits with 0 or 1. No backend takes part in the
answer: an agent whose Elasticsearch is down is alive and ready.`,
		Args: cobra.NoArgs,
		Example: `  tailrace health --config config.yaml
  tailrace health --address localhost:9464 --ready`,
	}
	cmd.Flags().StringVar(&address, "address", "", "host:port of the agent's metrics (default: as configured)")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether the agent has started reading, not whether it is stuck")
	uris := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, err := healthURL(address, ready, *uris)
		if err != nil {
			return err
		}
		answer, err := askHealth(cmd.Context(), target)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), answer)
		return err
	}
	return cmd
}

func healthURL(address string, ready bool, uris []string) (string, error) {
	if address == "" {
		cfg, err := loadConfig(uris)
		if err != nil {
			return "", err
		}
		address = cfg.Service.Telemetry.Metrics.Address
	}
	if address == "" {
		return "", errors.New("the agent has no address to ask: set service.telemetry.metrics.address")
	}
	path := telemetry.PathHealth
	if ready {
		path = telemetry.PathReady
	}
	return "http://" + telemetry.Dialable(address) + path, nil
}

// askHealth is the agent's answer; any but 200 is an error.
func askHealth(ctx context.Context, target string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("no agent answers at %s: %w; is it running, with this address?", target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 512))
	if err != nil {
		return "", fmt.Errorf("the answer of %s was cut off: %w", target, err)
	}
	answer := strings.TrimSpace(string(body))
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", target, resp.Status, answer)
	}
	return answer, nil
}
