package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tailrace/tailrace/internal/status"
	"github.com/tailrace/tailrace/internal/testkit/journals"
	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// TestSearchScripts runs testdata/search: the commands that read a journal,
// each over the one that testdata/journal/shop.ndjson describes.
func TestSearchScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/search", UpdateScripts: *rewrite,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			root := filepath.Join(e.WorkDir, "journal")
			e.Setenv("AGENT", serveStatus(e, root))
			e.Setenv("STRANGER", serveStatus(e, "/elsewhere"))
			return errors.Join(writeShop(root), writeRefused(root))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"flip": flip},
	})
}

// serveStatus answers as an agent does that works on the journal in root. It
// returns its address.
func serveStatus(e *testscript.Env, root string) string {
	report := status.Report{
		Live: true, Node: "node-1", Version: "0.1.0", Journal: status.Journal{Directory: root},
		Files: []status.File{
			{Path: "/var/log/pods/shop_cart-0_8c1f/cart/0.log", State: "reading", Format: "json", Namespace: "shop", Pod: "cart-0", Container: "cart"},
			{Path: "/var/log/pods/shop_pay-0_77aa/pay/0.log", State: "excluded", Reason: "exclude: shop/pay-*"},
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc(status.Path, func(w http.ResponseWriter, _ *http.Request) {
		// What cannot be sent, the script misses.
		_ = json.NewEncoder(w).Encode(&report)
	})
	s := httptest.NewServer(mux)
	e.Defer(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// flip FILE OFFSET changes one byte of a file; a negative offset counts from
// its end.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0xff
	ts.Check(os.WriteFile(name, b, 0o600))
}

// writeShop writes the journal. An empty line in the file ends a frame.
func writeShop(root string) error {
	text, err := os.ReadFile("testdata/journal/shop.ndjson")
	if err != nil {
		return err
	}
	j, err := journals.Open(root)
	if err != nil {
		return err
	}
	c, err := j.Cursor("elasticsearch", journal.CursorOptions{StartAtBeginning: true})
	if err != nil {
		return err
	}
	if err := journals.Append(j, text); err != nil {
		return err
	}
	return errors.Join(deliver(c, 2), j.Close())
}

// deliver passes the first frames.
func deliver(c *journal.Cursor, frames int) error {
	for range frames {
		f, err := c.Next(context.Background())
		if err != nil {
			return err
		}
		if err := c.Advance(f, journal.Result{Delivered: f.Meta.Counts.DocLines}); err != nil {
			return err
		}
	}
	return nil
}

// writeRefused puts three documents into the dead-letter store.
func writeRefused(root string) error {
	s, err := journal.OpenStore(journal.StoreOptions{FS: vfs.OS{}, Dir: filepath.Join(root, pipeline.DeadLetterDir), Quota: 1 << 20, Owner: journal.ByContainer})
	if err != nil {
		return err
	}
	at := time.Date(2025, 3, 5, 10, 12, 0, 0, time.UTC)
	for i, attempt := range []string{"2", `"two"`, `"three"`} {
		err := s.Put(context.Background(), []journal.Refused{{
			Time: at.Add(time.Duration(i) * time.Second), Exporter: "elasticsearch", Namespace: "shop", Container: "shop/pay-0/pay",
			Status: 400, Type: "document_parsing_exception", Reason: "failed to parse field [attributes.attempt] of type [long]", Lines: 1, Frame: 3,
			Action:   json.RawMessage(`{"create":{"_index":"logs-generic.otel-default","_id":"AAAAAAAAAAAAAAAAAAAAAA"}}`),
			Document: json.RawMessage(`{"@timestamp":"2025-03-05T10:11:13.021Z","resource":{"attributes":{"k8s.pod.name":"pay-0"}},"attributes":{"attempt":` + attempt + `},"severity_number":13,"body":{"text":"retrying\u001b[2J"}}`),
		}})
		if err != nil {
			return err
		}
	}
	return s.Close()
}
