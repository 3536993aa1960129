package elasticsearch

import (
	"encoding/base64"
	"errors"
	"strings"
)

// cloudAddress is the address of Elasticsearch in a Cloud ID of Elastic Cloud:
// "name:" and the base64 of "host[:port]$elasticsearch$kibana" (Elastic,
// "Find your Cloud ID").
func cloudAddress(id string) (string, error) {
	bad := errors.New("cloudid is no Cloud ID: copy it from the deployment's page on Elastic Cloud")
	_, encoded, found := strings.Cut(id, ":")
	if !found {
		encoded = id
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", bad
	}
	parts := strings.Split(string(b), "$")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", bad
	}
	host, port, found := strings.Cut(parts[0], ":")
	if !found {
		port = "443"
	}
	return "https://" + parts[1] + "." + host + ":" + port, nil
}
