// Package redact takes secrets out of lines before anything is made of them:
// before they are parsed, and so before the first durable copy. What it takes
// out is counted by rule. The same line always gives the same result, but for the
// lines of a private key, which are known by the first of them.
package redact

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Config is the processor's configuration.
type Config struct {
	Secrets bool   `mapstructure:"secrets" doc:"Replace credentials by REDACTED: headers and cookies, values of keys such as password, parameters of signed URLs, keys of clouds, private keys, JSON Web Tokens, tokens of common vendors (docs/redaction.md). On in every pipeline, also without this processor."`
	Cards   bool   `mapstructure:"cards" doc:"Replace numbers of payment cards by REDACTED."`
	Emails  bool   `mapstructure:"emails" doc:"Replace e-mail addresses by pseudonyms, the same one for the same address; without key_file by REDACTED."`
	IPs     bool   `mapstructure:"ips" doc:"Replace IP addresses by pseudonyms, which are addresses of 2001:db8::/32; without key_file all by 2001:db8::."`
	KeyFile string `mapstructure:"key_file" doc:"File with the key of the pseudonyms, of 16 bytes at least: who has it can tell which address a pseudonym stands for."`
	Rules   []Rule `mapstructure:"rules" doc:"Rules of one's own, beside those that are built in."`
}

// Rule replaces what a regular expression finds.
type Rule struct {
	Name     string `mapstructure:"name" doc:"The name under which replacements are counted."`
	Regexp   string `mapstructure:"regexp" doc:"Regular expression of what becomes REDACTED: the part in its first parentheses, or all of it without any. One that begins with a plain text costs little on lines that do not have it."`
	Contains string `mapstructure:"contains" doc:"Lines without this text are not searched; for expressions that do not begin with a plain text."`
}

// DefaultConfig takes out secrets.
func DefaultConfig() Config { return Config{Secrets: true} }

// minKey is the least length of the pseudonyms' key.
const minKey = 16

// Validate names every rule and key that is wrong.
func (c *Config) Validate() error {
	var all []error
	names := slices.Clone(ruleNames[:])
	for i := range c.Rules {
		r := &c.Rules[i]
		switch {
		case r.Name == "":
			all = append(all, fmt.Errorf("rules[%d].name: is missing: replacements are counted by it", i))
		case slices.Contains(names, r.Name):
			all = append(all, fmt.Errorf("rules[%d].name: another rule is called %q: each is counted by its own name", i, r.Name))
		}
		names = append(names, r.Name)
		if re, err := regexp.Compile(r.Regexp); err != nil {
			all = append(all, fmt.Errorf("rules[%d].regexp: %w", i, err))
		} else if re.MatchString("") {
			all = append(all, fmt.Errorf("rules[%d].regexp: rule %q would match where nothing is: name at least one character", i, r.Name))
		}
	}
	return errors.Join(all...)
}

// key reads the pseudonyms' key; there is none without a file.
func (c *Config) key() ([]byte, error) {
	if c.KeyFile == "" {
		return nil, nil
	}
	key, err := os.ReadFile(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	if key = []byte(strings.TrimSpace(string(key))); len(key) < minKey {
		return nil, fmt.Errorf("key_file: %s has %d bytes: give it %d at least, such as of \"openssl rand -hex 32\"", c.KeyFile, len(key), minKey)
	}
	return key, nil
}

// classes are what a source asks for beside the configuration.
type classes struct{ cards, emails, ips bool }

// parseClasses reads a list such as "cards,email". There is no way to ask for
// less than the configuration says: that is not the workload's to decide.
func parseClasses(list string) (c classes, err error) {
	if list == "" {
		return c, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(name) {
		case "cards":
			c.cards = true
		case "email":
			c.emails = true
		case "ip":
			c.ips = true
		default:
			return c, fmt.Errorf("redact: %q is none of cards, email and ip; what the configuration redacts cannot be turned off", name)
		}
	}
	return c, nil
}

// CheckClasses is an error for a list that parseClasses does not understand.
func CheckClasses(list string) error {
	_, err := parseClasses(list)
	return err
}
