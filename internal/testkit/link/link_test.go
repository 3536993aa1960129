package link

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/tailrace/tailrace/internal/testkit"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, k *Link) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", k.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// said sends text and returns what comes back.
func said(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(text))
	if _, err := io.ReadFull(c, back); err != nil {
		t.Fatal(err)
	}
	return string(back)
}

func TestBytesArriveUnchangedHoweverTheyTravel(t *testing.T) {
	k := Open(t, echo(t))
	for _, c := range []Conditions{{}, {Slice: 1}, {Rate: 1000}, {Latency: 20 * time.Millisecond}} {
		k.Set(c)
		if got := said(t, dial(t, k), "a text of some length"); got != "a text of some length" {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if f := k.Figures(); f.Opened != 4 || f.Carried != [2]int64{84, 84} {
		t.Errorf("%+v", f)
	}
}

func TestAFrozenConnectionSaysNothingAndAnotherIsWell(t *testing.T) {
	k := Open(t, echo(t))
	c := dial(t, k)
	said(t, c, "before")
	if n := k.Freeze(ToClient); n != 1 {
		t.Fatalf("%d connections are frozen", n)
	}
	if _, err := io.WriteString(c, "after"); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the server gets it", func() (bool, string) {
		return k.Figures().Carried == [2]int64{11, 6}, ""
	})
	said(t, dial(t, k), "another")
	if n := k.Cut(); n != 2 {
		t.Errorf("%d connections are cut", n)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
}

func TestAConnectionIsCutAfterSoManyBytes(t *testing.T) {
	k := Open(t, echo(t))
	k.Set(Conditions{CutAfter: 10})
	c := dial(t, k)
	said(t, c, "five!")
	if _, err := io.WriteString(c, "and more"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Log(err)
	}
	if f := k.Figures(); f.Cuts != 1 {
		t.Errorf("%+v", f)
	}
}
