package elasticsearch

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/tailrace/tailrace/internal/configtls"
	"github.com/tailrace/tailrace/pipeline/config"
	"github.com/tailrace/tailrace/pipeline/shipping"
)

// Config are the keys of the exporter; their names are those of the
// OpenTelemetry Collector's elasticsearch exporter where it has them.
type Config struct {
	Endpoint  string   `mapstructure:"endpoint" doc:"Address of Elasticsearch, such as https://es:9200; or use endpoints."`
	Endpoints []string `mapstructure:"endpoints" doc:"Addresses of nodes of one Elasticsearch cluster; requests go to them in turn."`
	CloudID   string   `mapstructure:"cloudid" doc:"Cloud ID of a deployment on Elastic Cloud, instead of addresses."`

	User            string        `mapstructure:"user" doc:"User of basic authentication."`
	Password        config.Secret `mapstructure:"password" doc:"Password of basic authentication."`
	PasswordFile    string        `mapstructure:"password_file" doc:"File with the password, which is read again for each request: it may be rotated."`
	APIKey          config.Secret `mapstructure:"api_key" doc:"API key in its encoded form (base64 of id:key), instead of user and password."`
	APIKeyFile      string        `mapstructure:"api_key_file" doc:"File with the API key, read like password_file."`
	BearerToken     config.Secret `mapstructure:"bearer_token" doc:"Token that is sent as it is, instead of user and password."`
	BearerTokenFile string        `mapstructure:"bearer_token_file" doc:"File with the token, read like password_file."`

	Headers  map[string]config.Secret `mapstructure:"headers" doc:"Headers that every request gets; their values are never shown."`
	ProxyURL string                   `mapstructure:"proxy_url" doc:"Proxy for all requests, such as http://proxy:3128; else HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment count."`

	Pipeline string           `mapstructure:"pipeline" doc:"Ingest pipeline that Elasticsearch runs documents through."`
	TLS      configtls.Client `mapstructure:"tls"`
	Flush    Flush            `mapstructure:"flush"`
	Retry    Retry            `mapstructure:"retry"`
	Timeout  time.Duration    `mapstructure:"timeout" doc:"How long a request may take, with its answer."`

	NumWorkers int `mapstructure:"num_workers" doc:"Most requests in flight at a time. Their number begins with 1 and follows what the cluster takes: one more for each round that it takes, half as many when it is overloaded or slow."`

	shipping.Config `mapstructure:",squash"`
}

// Flush says when gathered frames are sent.
type Flush struct {
	Interval time.Duration   `mapstructure:"interval" doc:"Longest wait for more frames before a request is sent."`
	Bytes    config.ByteSize `mapstructure:"bytes" doc:"Size of a request before compression at which it is sent without waiting."`
}

// Retry bounds the waits after failures.
type Retry struct {
	InitialInterval time.Duration `mapstructure:"initial_interval" doc:"Longest wait after the first failure; it doubles with each further one, and the wait is chosen at random below it."`
	MaxInterval     time.Duration `mapstructure:"max_interval" doc:"Limit of the longest wait between two attempts; for a cluster that is overloaded or away it is 1s at most, so that delivery is back soon after it."`
}

// DefaultConfig are the values of keys that are not given.
func DefaultConfig() Config {
	return Config{
		Flush:   Flush{Interval: 5 * time.Second, Bytes: 5 * config.MiB},
		Retry:   Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: 30 * time.Second},
		Timeout: 90 * time.Second,

		NumWorkers: 4,
		TLS:        configtls.Default(),
		Config:     shipping.DefaultConfig(),
	}
}

// Shipping is how the shipping loop treats the exporter.
func (c *Config) Shipping() shipping.Options {
	o := c.Config.Options(
		shipping.Flush{Interval: c.Flush.Interval, Bytes: int(c.Flush.Bytes)},
		shipping.Retry(c.Retry))
	o.InFlight = c.NumWorkers
	return o
}

// Validate says what is wrong with the values, all of it.
func (c *Config) Validate() error {
	_, addresses := c.addresses()
	return errors.Join(addresses, c.checkCredentials(), c.checkLimits(), c.TLS.Validate(), c.Config.Validate())
}

// addresses are the parsed endpoints.
func (c *Config) addresses() ([]*url.URL, error) {
	list := slices.Clone(c.Endpoints)
	if c.Endpoint != "" {
		list = append(list, c.Endpoint)
	}
	if c.CloudID != "" {
		address, err := cloudAddress(c.CloudID)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			return nil, errors.New("cloudid and endpoints are both set: keep one")
		}
		list = []string{address}
	}
	if len(list) == 0 {
		return nil, errors.New(`no address: set endpoints, such as ["https://elasticsearch:9200"]`)
	}
	if c.Endpoint != "" && len(c.Endpoints) > 0 {
		return nil, errors.New("endpoint and endpoints are both set: keep endpoints")
	}
	urls := make([]*url.URL, len(list))
	for i, text := range list {
		u, err := parseAddress(text)
		if err != nil {
			return nil, err
		}
		urls[i] = u
	}
	return urls, nil
}

func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error would repeat the address with a password in it.
		return nil, errors.New("an address in endpoints is no URL: write https://host:9200")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("address %q must begin with http:// or https://, such as https://elasticsearch:9200", u.Redacted())
	case u.User != nil:
		return nil, fmt.Errorf("address %q has credentials in it: use user and password, which are never shown", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("address %q must end with its host or path", u.Redacted())
	}
	return u, nil
}

// maxWorkers bounds num_workers: each may hold a request of flush.bytes.
const maxWorkers = 64

func (c *Config) checkLimits() error {
	switch {
	case c.Flush.Bytes < 1 || c.Flush.Bytes > 100*config.MiB:
		return fmt.Errorf("flush.bytes must be from 1 to 100MiB (Elasticsearch's own limit), not %v", c.Flush.Bytes)
	case c.Flush.Interval < 0:
		return errors.New("flush.interval must not be negative")
	case c.NumWorkers < 1 || c.NumWorkers > maxWorkers:
		return fmt.Errorf("num_workers must be from 1 to %d, not %d", maxWorkers, c.NumWorkers)
	case c.Timeout <= 0:
		return errors.New("timeout must be longer than 0, such as 90s")
	}
	return shipping.Retry(c.Retry).Validate()
}
