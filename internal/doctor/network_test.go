package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Each step on the way to a server has a cure of its own.
func TestUnreachableServersComeWithTheCureOfTheirStep(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	trusting := secure.Client().Transport.(*http.Transport)
	trusting.TLSClientConfig.ServerName = "elsewhere.example"
	late := trusting.Clone()
	late.TLSClientConfig.ServerName = ""
	late.TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(200, 0, 0) }
	for _, tt := range []struct {
		name, url string
		transport http.RoundTripper
		cure      string
	}{
		{"nothing listens", "http://" + closed.Addr().String(), new(http.Transport), "start the server"},
		{"unknown authority", secure.URL, new(http.Transport), "tls.ca_file"},
		{"another name", secure.URL, trusting, "elsewhere.example"},
		{"expired", secure.URL, late, "renew"},
		{"no TLS there", strings.Replace(plain.URL, "http", "https", 1), new(http.Transport), "does not speak TLS"},
		{"no answer", "http://" + silent.Addr().String(), &http.Transport{ResponseHeaderTimeout: time.Millisecond}, "firewalls"},
	} {
		resp, err := (&http.Client{Transport: tt.transport}).Get(tt.url)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s: it answers", tt.name)
			continue
		}
		if f := Unreachable("cluster", err); f.State != Wrong || !strings.Contains(f.Cure, tt.cure) {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
	for _, tt := range []struct {
		err  error
		cure string
	}{
		{&net.DNSError{Name: "es", IsNotFound: true}, "getent hosts es"},
		{&net.DNSError{Name: "es", IsTimeout: true}, "name service"},
		{context.DeadlineExceeded, "firewalls"},
		{unix.EHOSTUNREACH, "routes"},
		{tls.AlertError(42), "handshake"},
		{errors.New("odd"), "curl"},
	} {
		if f := Unreachable("cluster", tt.err); !strings.Contains(f.Cure, tt.cure) {
			t.Errorf("%v: %+v", tt.err, f)
		}
	}
}

func TestUsesOfInotifyAreCounted(t *testing.T) {
	before := InotifyUses("/proc", os.Getuid(), 0)
	fd, err := unix.InotifyInit()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for range 3 {
		if _, err := unix.InotifyAddWatch(fd, t.TempDir(), unix.IN_CREATE); err != nil {
			t.Fatal(err)
		}
	}
	var mine Uses
	mine.add("/proc/self")
	if mine.Instances < 1 || mine.Watches < 3 {
		t.Errorf("%+v, before %+v", mine, before)
	}
	if with, without := InotifyUses("/proc", os.Getuid(), 0), InotifyUses("/proc", os.Getuid(), os.Getpid()); with.Instances == 0 || without.Watches > with.Watches {
		t.Errorf("%+v, %+v", with, without)
	}
}
