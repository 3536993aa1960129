package elasticsearch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tailrace/tailrace/internal/cluster"
)

// forbiddenStreamIsParked: a data stream without privilege waits apart, and is
// delivered by itself when the privilege is given.
func (c *setUp) forbiddenStreamIsParked(t *testing.T) {
	c = c.in(t)
	allowed, forbidden := c.stream("allowed"), c.stream("forbidden")
	grant := func(streams string) {
		c.Must("PUT", "/_security/role/half", fmt.Sprintf(`{"indices":[{"names":[%s],"privileges":["%s"]}]}`,
			streams, strings.Join(cluster.Privileges, `","`)))
	}
	grant(fmt.Sprintf("%q", allowed))
	c.Must("PUT", "/_security/user/half", `{"password":"half a secret","roles":["half"]}`)
	agent := settings(c.Server)
	agent.User, agent.Password = "half", "half a secret"
	d := newDelivery(t, agent)
	d.run()
	doc := func(stream, id string) document { return document{stream, id, `{"@timestamp":"2026-11-22T01:02:03Z"}`} }
	d.add(doc(allowed, "1"), doc(forbidden, "2"), doc(allowed, "3"))
	if r := d.delivered(); r.Delivered != 2 || r.Parked != 1 || r.Dead != 0 {
		t.Fatalf("the cursor counts %+v, want 2 delivered and 1 parked", r)
	}
	grant(fmt.Sprintf("%q,%q", allowed, forbidden))
	d.until("nothing is parked", func() bool { return len(d.park.Bundles(exporterName)) == 0 })
	holdsOnce(t, c.Server, forbidden, 1)
}
