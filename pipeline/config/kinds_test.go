package config

import (
	"errors"
	"time"
)

// The components of these tests have the shape of the real ones.

type podsConfig struct {
	Root         string   `mapstructure:"root" doc:"Directory of the kubelet's pod logs."`
	AllowedRoots []string `mapstructure:"allowed_roots" doc:"Further directories that links may lead into."`
	StartAt      startAt  `mapstructure:"start_at" doc:"Where new files begin: beginning|end|2h."`
	Since        string   `mapstructure:"since" doc:"A time."`
	Include      []string `mapstructure:"include" doc:"Globs of namespace/pod/container."`
}

// startAt reads itself, as a value with a form of its own does.
type startAt struct{ text string }

func (s *startAt) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("must be beginning, end, a duration or a time")
	}
	s.text = string(text)
	return nil
}

func (s startAt) MarshalText() ([]byte, error) { return []byte(s.text), nil }

type filterConfig struct {
	Rules []filterRule `mapstructure:"rules" doc:"Rules in order; the first that matches decides."`
}

type filterRule struct {
	Name      string            `mapstructure:"name" doc:"What the rule's lines are counted as."`
	Match     map[string]string `mapstructure:"match" doc:"Attributes and their values."`
	KeepOneIn int               `mapstructure:"keep_one_in" doc:"Keeps one line in so many."`
	Action    string            `mapstructure:"action" doc:"drop."`
}

func (c *filterConfig) Validate() error {
	var errs []error
	for i, r := range c.Rules {
		if r.Name == "" {
			errs = append(errs, errors.New("rules["+string(rune('0'+i))+"].name: must not be empty"))
		}
	}
	return errors.Join(errs...)
}

type resourceConfig struct {
	Attributes map[string]any `mapstructure:"attributes" doc:"Attributes that every event gets."`
}

type authConfig struct {
	User     string `mapstructure:"user" doc:"Name for basic authentication."`
	Password Secret `mapstructure:"password" doc:"Its password."`
}

type elasticsearchConfig struct {
	Endpoints  []string `mapstructure:"endpoints" doc:"Addresses of the cluster."`
	authConfig `mapstructure:",squash"`
	APIKey     string        `mapstructure:"api_key" doc:"API key, instead of a user."`
	Flush      flushConfig   `mapstructure:"flush"`
	Timeout    time.Duration `mapstructure:"timeout" doc:"Longest time of a request."`
	Workers    uint8         `mapstructure:"workers" doc:"Requests at once."`
	Jitter     float64       `mapstructure:"jitter" doc:"Share of a wait that is random."`
	TLS        *tlsConfig    `mapstructure:"tls"`
}

type flushConfig struct {
	Interval time.Duration `mapstructure:"interval" doc:"Greatest age of a request."`
	Bytes    ByteSize      `mapstructure:"bytes" doc:"Greatest size of a request."`
}

type tlsConfig struct {
	CAFile   string `mapstructure:"ca_file" doc:"Certificates to trust."`
	Insecure bool   `mapstructure:"insecure" doc:"Do not verify."`
}

func (c *elasticsearchConfig) Validate() error {
	if len(c.Endpoints) == 0 {
		return errors.New(`endpoints: must name at least one address, such as ["https://es:9200"]`)
	}
	return errors.Join(c.checkFlush(), c.checkAuth())
}

func (c *elasticsearchConfig) checkFlush() error {
	if c.Flush.Interval < 0 {
		return errors.New("flush.interval must not be negative")
	}
	return nil
}

func (c *elasticsearchConfig) checkAuth() error {
	if c.Password == "" && c.User != "" && c.APIKey != "" {
		return errors.New("api_key and user are both set: keep one")
	}
	return nil
}

type consoleConfig struct{}

func testKinds() Kinds {
	return Kinds{
		Receivers: map[string]func() any{
			"pods": func() any { return &podsConfig{Root: "/var/log/pods", StartAt: startAt{"beginning"}} },
		},
		Processors: map[string]func() any{
			"filter":   func() any { return new(filterConfig) },
			"resource": func() any { return new(resourceConfig) },
		},
		Exporters: map[string]func() any{
			"console": func() any { return new(consoleConfig) },
			"elasticsearch": func() any {
				return &elasticsearchConfig{
					Flush:   flushConfig{Interval: 5 * time.Second, Bytes: 5 * MiB},
					Timeout: 90 * time.Second, Workers: 1,
				}
			},
		},
	}
}
