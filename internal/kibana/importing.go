package kibana

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// Server is Kibana's HTTP API.
type Server interface {
	Send(r *http.Request) (status int, header http.Header, answer []byte, err error)
}

// Imported is what became of objects.
type Imported struct {
	// Written ones are new, or replaced.
	Written int
	// Kept ones are there already: perhaps changed by somebody.
	Kept []string
}

// importAnswer is that of POST /api/saved_objects/_import.
type importAnswer struct {
	SuccessCount int `json:"successCount"`
	Message      string
	Errors       []struct {
		ID, Type string
		Error    struct {
			Type, Message string
			References    []Reference
		}
	}
}

// Import writes objects into a space. One that is there already is kept,
// unless all are to be replaced.
func Import(ctx context.Context, s Server, space string, objects []*Object, replace bool) (Imported, error) {
	r, err := request(ctx, space, objects, replace)
	if err != nil {
		return Imported{}, err
	}
	status, _, body, err := s.Send(r)
	if err != nil {
		return Imported{}, err
	}
	var a importAnswer
	if json.Unmarshal(body, &a) != nil || status/100 != 2 {
		return Imported{}, fmt.Errorf("%s: %d %s", r.URL.Path, status, cut(a.Message, body))
	}
	done := Imported{Written: a.SuccessCount}
	for _, e := range a.Errors {
		if e.Error.Type != "conflict" {
			return done, fmt.Errorf("the %s %s was not written: %s %s", e.Type, e.ID, e.Error.Type, e.Error.Message)
		}
		done.Kept = append(done.Kept, e.Type+" "+e.ID)
	}
	if n := done.Written + len(done.Kept); n != len(objects) {
		return done, fmt.Errorf("the answer is about %d objects of %d", n, len(objects))
	}
	return done, nil
}

func cut(message string, body []byte) string {
	if message != "" {
		return message
	}
	return string(body[:min(len(body), 300)])
}

// request is a form with the file of objects. Kibana refuses requests without
// the header kbn-xsrf.
func request(ctx context.Context, space string, objects []*Object, replace bool) (*http.Request, error) {
	file, err := NDJSON(objects)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="tailrace.ndjson"`}, "Content-Type": {"application/ndjson"}})
	if err != nil {
		return nil, err
	}
	_, _ = part.Write(file)
	if err := form.Close(); err != nil {
		return nil, err
	}
	path := "/api/saved_objects/_import"
	if space != "" {
		path = "/s/" + space + path
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s?overwrite=%t", path, replace), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Kbn-Xsrf", "tailrace")
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	return r, nil
}
