package rabbitmq

import (
	"strings"
	"testing"
	"time"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// usable is a configuration that can work.
func usable() Config {
	c := DefaultConfig()
	c.Broker.Endpoints, c.Broker.User, c.Broker.Password = []string{"amqps://mq1:5671"}, "tailrace", "secret"
	return c
}

func TestConfigurationsThatCannotWorkSayWhatToChange(t *testing.T) {
	c := usable()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"set endpoints":                                func(c *Config) { c.Broker.Endpoints = nil },
		"exchange must be a name":                      func(c *Config) { c.Exchange = "" },
		"exchange must be a name of 1 to 251":          func(c *Config) { c.Exchange = strings.Repeat("x", 252) },
		"queue must be a name":                         func(c *Config) { c.Queue = strings.Repeat("x", 252) },
		"queues needs a queue":                         func(c *Config) { c.Queue, c.Queues = "", 2 },
		"queues must be from 1 to 256, not 0":          func(c *Config) { c.Queues = 0 },
		"queues must be from 1 to 256, not 257":        func(c *Config) { c.Queues = 257 },
		`mode must be frame or document, not "frames"`: func(c *Config) { c.Mode = "frames" },
		"others may lose confirmed messages":           func(c *Config) { c.QueueType = "classic" },
		"declare must be active or passive":            func(c *Config) { c.Declare = "no" },
		"must not be negative":                         func(c *Config) { c.MaxLengthBytes = -1 },
		"a stream has no max_length":                   func(c *Config) { c.QueueType, c.MaxLength = queueStream, 1 },
		"max_age is for queue_type stream":             func(c *Config) { c.MaxAge = time.Hour },
		"max_age must be whole seconds":                func(c *Config) { c.QueueType, c.MaxAge = queueStream, time.Hour+1 },
		"which declare: passive does not":              func(c *Config) { c.Declare, c.MaxLength = passive, 1 },
		"max_in_flight must be from 1 to 64, not 65":   func(c *Config) { c.MaxInFlight = 65 },
		"confirm_timeout must be 1s at least":          func(c *Config) { c.ConfirmTimeout = time.Millisecond },
		"retry.initial_interval must be longer than 0": func(c *Config) { c.Retry.InitialInterval = 0 },
		"retry.max_interval not shorter":               func(c *Config) { c.Retry.MaxInterval = time.Millisecond },
		"on_full must be block or skip":                func(c *Config) { c.OnFull = "drop" },
		"start_at must be end or beginning":            func(c *Config) { c.StartAt = "now" },
	} {
		c := usable()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	c.Mode, c.Queues, c.OnFull = "x", 0, "y"
	if err := c.Validate(); strings.Count(err.Error(), "must be") != 3 {
		t.Errorf("not every mistake is told: %v", err)
	}
}

func TestAFrameIsARequestSentWhenItIsThere(t *testing.T) {
	c := usable()
	c.MaxInFlight, c.Classes, c.OnFull, c.StartAt = 3, []string{"audit"}, "skip", "beginning"
	o := c.Shipping()
	if !o.OneFrame || o.InFlight != 3 || o.Flush.Interval != 0 || len(o.Classes) != 1 || o.Position.OnFull != journal.Skip || !o.Position.StartAtBeginning {
		t.Errorf("%+v", o)
	}
}

func TestKeysHaveNothingThatMeansSomethingInABinding(t *testing.T) {
	for _, tc := range []struct{ namespace, dataset, want string }{
		{"shop", "nginx.access", "logs.shop.nginx.access"},
		{"Shop-1", "NGINX Access", "logs.shop-1.nginx_access"},
		{"", "", "logs.default.default"},
		{"a.b", "..x..y.", "logs.a_b.x.y"},
		{"*", "#", "logs._._"},
		{"#.*", "*.#", "logs.___._._"},
		{"ä\x00\n", "…", "logs.____.___"},
		{strings.Repeat("n", 300), strings.Repeat("d.", 300), "logs." + strings.Repeat("n", 100) + "." + strings.TrimSuffix(strings.Repeat("d.", 50), ".")},
	} {
		if got := (keys{}).document(tc.namespace, tc.dataset); got != tc.want {
			t.Errorf("%q and %q: %q, want %q", tc.namespace, tc.dataset, got, tc.want)
		}
		if got := (keys{".7"}).document(tc.namespace, tc.dataset); got != tc.want+".7" || len(got) > 255 {
			t.Errorf("%q", got)
		}
	}
}
