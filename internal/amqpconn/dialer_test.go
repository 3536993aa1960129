package amqpconn

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASilentBrokerIsGivenUpAfterTwoHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c := &timed{Conn: here, silence: 2 * time.Second, write: time.Minute}
		defer c.Close()
		begin := time.Now()
		// As the library does for heartbeats of a second.
		if err := c.SetReadDeadline(time.Now().Add(3 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

func TestABrokerThatTakesNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c := &timed{Conn: here, silence: time.Hour, write: 5 * time.Second}
		begin, read := time.Now(), make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		if _, err := c.Write([]byte("frame")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
		if err := <-read; err == nil {
			t.Error("who reads is not told")
		}
	})
}

// TestASlowLinkIsNoReasonToGiveUp: a broker that takes a little now and then gets
// all of a message that is longer than it takes in the limit of a write.
func TestASlowLinkIsNoReasonToGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer there.Close()
		c := &timed{Conn: here, silence: time.Hour, write: 5 * time.Second}
		defer c.Close()
		begin, sent := time.Now(), []byte(strings.Repeat("0123456789", 100))
		got := make(chan []byte)
		go func() {
			var all []byte
			for p := make([]byte, 100); len(all) < len(sent); time.Sleep(4 * time.Second) {
				n, err := there.Read(p)
				if err != nil {
					break
				}
				all = append(all, p[:n]...)
			}
			got <- all
		}()
		if n, err := c.Write(sent); n != len(sent) || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		if all := <-got; !bytes.Equal(all, sent) || time.Since(begin) < 30*time.Second {
			t.Errorf("%d bytes in %s", len(all), time.Since(begin))
		}
	})
}

func TestEachAddressIsTriedBeforeOneIsTriedAgain(t *testing.T) {
	d, err := NewDialer(usable(), "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		var round []string
		for range 3 {
			round = append(round, d.next().host)
		}
		slices.Sort(round)
		if got := strings.Join(round, " "); got != "::1 mq1 mq2" {
			t.Fatal(got)
		}
	}
}

// TestWhoIsNoBrokerIsGivenUpInTime dials a listener that accepts and says
// nothing.
func TestWhoIsNoBrokerIsGivenUpInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := usable()
	c.Endpoints, c.Timeout = []string{"amqp://" + l.Addr().String()}, 50*time.Millisecond
	c.Password, c.PasswordFile = "guest", ""
	d, err := NewDialer(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Dial(context.Background()); err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Error(err)
	}
}

func TestSecretsAreReadForEachConnection(t *testing.T) {
	c := usable()
	c.PasswordFile = filepath.Join(t.TempDir(), "password")
	for _, password := range []string{"first", "second"} {
		if err := os.WriteFile(c.PasswordFile, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		identity, err := c.sasl()
		if err != nil {
			t.Fatal(err)
		}
		if plain, ok := identity.(*amqp.PlainAuth); !ok || plain.Password != password {
			t.Errorf("%+v", identity)
		}
	}
	if err := os.Truncate(c.PasswordFile, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.sasl(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Error(err)
	}
}

func TestErrorsOfTheBrokerSayWhatToChange(t *testing.T) {
	for want, err := range map[string]error{
		"user and password are right":  amqp.ErrCredentials,
		"vhost is right":               &amqp.Error{Code: amqp.NotAllowed, Reason: "NOT_ALLOWED - vhost / not found"},
		"give the user the permission": &amqp.Error{Code: amqp.AccessRefused, Reason: "ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused"},
		"declare what is missing":      &amqp.Error{Code: amqp.NotFound, Reason: "NOT_FOUND - no queue 'q' in vhost '/'"},
		"files of the secrets":         os.ErrNotExist,
		"set_vhost_limits":             &amqp.Error{Code: amqp.NotAllowed, Reason: "NOT_ALLOWED - access to vhost '/' refused for user 'u': connection limit (1) is reached"},
		"set_topic_permissions":        &amqp.Error{Code: amqp.AccessRefused, Reason: "ACCESS_REFUSED - write access to topic 'logs.default' in exchange 'x' in vhost '/' refused for user 'u'"},
		"set tls.cert_file":            &amqp.Error{Code: amqp.FrameError, Reason: "remote error: tls: certificate required"},
	} {
		denied, ok := errors.AsType[*Denied](Explain(err))
		if !ok || !strings.Contains(denied.Cure, want) || !errors.Is(denied, err) {
			t.Errorf("%v", Explain(err))
		}
	}
	if err := Explain(net.ErrClosed); err != net.ErrClosed {
		t.Error(err)
	}
}
