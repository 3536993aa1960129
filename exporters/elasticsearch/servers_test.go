package elasticsearch

import (
	"os"
	"testing"

	"github.com/tailrace/tailrace/internal/testkit/elastic"
)

// The servers that tests take turns with.
var (
	// newer is of the new major version, and open to everybody.
	newer = elastic.Shared{Options: elastic.Options{Version: elastic.V9}}
	// guarded has passwords, roles, TLS with certificates on both sides, and
	// limits that a test can reach.
	guarded = elastic.Shared{Options: elastic.Options{Password: testPassword, Roles: true, TLS: true, Settings: []string{
		"http.max_content_length: 1mb", "indexing_pressure.memory.limit: 900kb"}}}
)

func TestMain(m *testing.M) {
	status := m.Run()
	newer.Stop()
	guarded.Stop()
	os.Exit(status)
}
