package cluster

import (
	"context"
	"errors"
	"net/http"

	"github.com/tailrace/tailrace/internal/managed"
)

// keyPath is where API keys are.
const keyPath = "/_security/api_key"

// key is the request for an API key.
func (o *Options) key() map[string]any {
	return map[string]any{
		"name":             o.Name(),
		"role_descriptors": map[string]any{o.Name(): o.descriptor()},
		"metadata":         map[string]any{"managed_by": "tailrace", "version": Version},
	}
}

// errNoKeys says why no API key can be made.
var errNoKeys = errors.New("the credentials may not list or make API keys: use those of an administrator (cluster privilege manage_api_key), or --no-key")

// findKey is the valid key of a name, nil when there is none.
func findKey(ctx context.Context, s Server, name string) (*Key, error) {
	var answer struct {
		Keys []Key `json:"api_keys"`
	}
	err := call(ctx, s, http.MethodGet, keyPath+"?name="+name+"&active_only=true", nil, &answer)
	if isMissing(err) || err == nil && len(answer.Keys) == 0 {
		return nil, nil
	}
	if r, ok := errors.AsType[*Refusal](err); ok && r.forbids() {
		return nil, errNoKeys
	}
	if err != nil {
		return nil, err
	}
	return &answer.Keys[0], nil
}

// KeyFits says whether the key has the rights that are wanted.
func (p *Plan) KeyFits() bool {
	if p.Key == nil {
		return false
	}
	for _, d := range p.Key.Descriptors {
		return managed.Sum(content("role", d)) == managed.Sum(content("role", p.Options.descriptor()))
	}
	return false
}

// Secret is a new API key. It is known only when it is made.
type Secret struct {
	ID string `json:"id"`
	// Encoded is what api_key takes.
	Encoded string `json:"encoded"`
}

// MakeKey makes an API key that may do what the agent needs, and no more.
func (p *Plan) MakeKey(ctx context.Context, s Server) (Secret, error) {
	var k Secret
	err := call(ctx, s, http.MethodPost, keyPath, p.Options.key(), &k)
	if err == nil && k.Encoded == "" {
		err = errors.New("the cluster made an API key and did not tell it")
	}
	return k, err
}
