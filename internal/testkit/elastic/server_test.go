package elastic

import (
	"strings"
	"testing"
)

// TestServer checks the kit itself: the server asks for its password, and what
// it acknowledged before kill -9 is there after the restart, at the same
// address.
func TestServer(t *testing.T) {
	s := Start(t, Options{Password: "correct horse"})
	s.Must("POST", "/kit/_doc?refresh", `{"a":"b"}`)
	s.Kill()
	s.Restart()
	if n := s.Count("kit", "a:b"); n != 1 {
		t.Errorf("%d documents after the restart, want 1", n)
	}
	s.o.Password = "wrong"
	if status, answer := s.Do("GET", "/_cluster/health", ""); status != 401 || !strings.Contains(answer, "security_exception") {
		t.Errorf("with a wrong password: %d %s", status, answer)
	}
}
