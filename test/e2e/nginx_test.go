package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// nginxConf has a server that logs combined with one field more, as many
// people do to see the trace, and one that logs JSON. Both pass the request on.
const nginxConf = `
daemon off;
error_log %[1]s/error.log;
pid %[1]s/nginx.pid;
events {}
http {
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  log_format traced '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                    '"$http_referer" "$http_user_agent" "$http_traceparent"';
  log_format json escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr",'
                    '"request_method":"$request_method","request_uri":"$request_uri","status":$status,'
                    '"body_bytes_sent":$body_bytes_sent,"request_time":$request_time,'
                    '"http_user_agent":"$http_user_agent","traceparent":"$http_traceparent"}';
  server { listen %[2]s; access_log %[1]s/logs/combined.log traced; location / { proxy_pass %[4]s; } }
  server { listen %[3]s; access_log %[1]s/logs/json.log json; location / { proxy_pass %[4]s; } }
}
`

// site is a real nginx with two servers in front of a real Go service. The
// service's output goes through a container runtime's framing.
type site struct {
	combined, json string
}

func startSite(t *testing.T, r *testkit.Rig) site {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx"
	}
	if _, err := os.Stat(nginx); err != nil {
		t.Fatal("nginx is not installed; run scripts/install-test-deps.sh")
	}
	service := r.StartContainer("shop_checkout-1_6a0e1f52-0000-4000-8000-000000000001", "checkout", testkit.Checkout(t))
	s := site{combined: testkit.FreeAddress(t), json: testkit.FreeAddress(t)}
	dir := r.Path("nginx")
	must(t, os.MkdirAll(r.Path("nginx", "logs"), 0o755))
	must(t, os.Chmod(r.Dir, 0o755))
	conf := fmt.Sprintf(nginxConf, dir, s.combined, s.json, service)
	must(t, os.WriteFile(r.Path("nginx", "nginx.conf"), []byte(conf), 0o644))
	r.Start("nginx", nginx, "-e", r.Path("nginx", "error.log"), "-p", dir, "-c", r.Path("nginx", "nginx.conf"))
	for _, address := range []string{s.combined, s.json} {
		testkit.Eventually(t, "nginx serves", func() (bool, string) {
			resp, err := http.Get("http://" + address + "/ready")
			if err != nil {
				return false, err.Error()
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK, resp.Status
		})
	}
	return s
}

// request is what a client that traces sends, and what it knows of it.
type request struct {
	trace, path string
}

// send sends n requests, half of them to either server.
func (s site) send(t *testing.T, n int) []request {
	t.Helper()
	var sent []request
	for i := range n {
		address := []string{s.combined, s.json}[i%2]
		q := request{trace: fmt.Sprintf("%08x%024x", time.Now().UnixNano()&0xffffffff|1, i+1), path: fmt.Sprintf("/orders/%d?note=a+b", i)}
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+q.path, nil)
		must(t, err)
		req.Header.Set("traceparent", fmt.Sprintf("00-%s-%016x-01", q.trace, i+1))
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", q.path, resp.Status)
		}
		sent = append(sent, q)
	}
	return sent
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
