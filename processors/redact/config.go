// Package redact takes secrets out of lines before anything is made of them:
// before they are parsed, and so before the first durable copy. What it takes
// out is counted by rule. The same line always gives the same result.
package redact

// Config is the processor's configuration.
type Config struct {
	Secrets bool `mapstructure:"secrets" doc:"Replace credentials by REDACTED: headers and cookies, values of keys such as password, parameters of signed URLs, keys of clouds, private keys, JSON Web Tokens, tokens of common vendors (docs/redaction.md). On in every pipeline, also without this processor."`
}

// DefaultConfig takes out secrets.
func DefaultConfig() Config { return Config{Secrets: true} }
