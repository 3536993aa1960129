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
	"slices"
	"strings"
)

// Server is Kibana's HTTP API.
type Server interface {
	Send(r *http.Request) (status int, header http.Header, answer []byte, err error)
}

// space is one of Kibana's spaces.
type space struct {
	Server
	id string
}

// post sends a call about saved objects. Kibana refuses calls without the
// header kbn-xsrf.
func (s *space) post(ctx context.Context, call, kind string, body []byte) (status int, answer []byte, err error) {
	path := "/api/saved_objects/" + call
	if s.id != defaultSpace {
		path = "/s/" + s.id + path
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, path, nil)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Kbn-Xsrf", "tailrace")
	r.Header.Set("Content-Type", kind)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	status, _, answer, err = s.Send(r)
	return status, answer, err
}

// refused is what an answer says about a call that failed.
func refused(call string, status int, answer []byte) error {
	var a struct{ Message string }
	if json.Unmarshal(answer, &a) != nil || a.Message == "" {
		a.Message = string(answer[:min(len(answer), 300)])
	}
	return fmt.Errorf("%s: %d %s", call, status, a.Message)
}

// importAnswer is that of POST /api/saved_objects/_import.
type importAnswer struct {
	SuccessCount   int
	SuccessResults []struct{ ID, Type, DestinationID string }
	Errors         []struct {
		ID, Type string
		Error    struct{ Type, Message string }
	}
}

// write imports objects, and replaces those that are there.
func (s *space) write(ctx context.Context, objects []*Object) error {
	file, kind, err := form(objects)
	if err != nil {
		return err
	}
	status, answer, err := s.post(ctx, "_import?overwrite=true", kind, file)
	if err != nil {
		return err
	}
	var a importAnswer
	if status/100 != 2 || json.Unmarshal(answer, &a) != nil {
		return refused("_import", status, answer)
	}
	if len(a.Errors) > 0 {
		e := a.Errors[0]
		return fmt.Errorf("the %s %s was not written: %s %s", e.Type, e.ID, e.Error.Type, e.Error.Message)
	}
	for _, r := range a.SuccessResults {
		if r.DestinationID != "" && r.DestinationID != r.ID {
			return fmt.Errorf("the %s %s was written under the id %s, since another space of Kibana has it: delete one of them", r.Type, r.ID, r.DestinationID)
		}
	}
	if a.SuccessCount != len(objects) {
		return fmt.Errorf("the answer is about %d objects of %d", a.SuccessCount, len(objects))
	}
	return nil
}

// form is a body of multipart/form-data with the file of objects.
func form(objects []*Object) (body []byte, kind string, err error) {
	var b bytes.Buffer
	f := multipart.NewWriter(&b)
	part, err := f.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="tailrace.ndjson"`}, "Content-Type": {"application/ndjson"}})
	if err != nil {
		return nil, "", err
	}
	e := json.NewEncoder(part)
	for _, o := range objects {
		if err := e.Encode(o); err != nil {
			return nil, "", err
		}
	}
	err = f.Close()
	return b.Bytes(), f.FormDataContentType(), err
}

// name is what an object is known by.
type name struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (o *Object) name() name { return name{o.Type, o.ID} }

// read exports the objects of these names that there are. Kibana refuses to
// export any as long as one is missing, and says which.
func (s *space) read(ctx context.Context, names []name) (map[name]*Object, error) {
	found := map[name]*Object{}
	for len(names) > 0 {
		body, err := json.Marshal(map[string]any{"objects": names, "excludeExportDetails": true})
		if err != nil {
			return nil, err
		}
		status, answer, err := s.post(ctx, "_export", "application/json", body)
		if err != nil {
			return nil, err
		}
		if status/100 == 2 {
			return found, decode(answer, found)
		}
		missing := missingOf(answer)
		if len(missing) == 0 {
			return nil, refused("_export", status, answer)
		}
		names = slices.DeleteFunc(slices.Clone(names), func(n name) bool { return missing[n] })
	}
	return found, nil
}

// missingOf are the objects for want of which an export failed, none if it
// failed for another reason too.
func missingOf(answer []byte) map[name]bool {
	var a struct {
		Attributes struct {
			Objects []struct {
				name
				Error struct{ StatusCode int }
			}
		}
	}
	if json.Unmarshal(answer, &a) != nil {
		return nil
	}
	missing := map[name]bool{}
	for _, o := range a.Attributes.Objects {
		if o.Error.StatusCode != http.StatusNotFound {
			return nil
		}
		missing[o.name] = true
	}
	return missing
}

// decode reads objects in lines of JSON.
func decode(lines []byte, into map[name]*Object) error {
	for line := range bytes.Lines(lines) {
		var o Object
		if err := json.Unmarshal(line, &o); err != nil {
			return fmt.Errorf("_export: a line of the answer is no object: %w", err)
		}
		into[o.name()] = &o
	}
	return nil
}

// byName are references in an order that does not change.
func byName(references []Reference) []Reference {
	return slices.SortedFunc(slices.Values(references), func(a, b Reference) int { return strings.Compare(a.Name, b.Name) })
}
