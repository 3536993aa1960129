package kube

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tailrace/tailrace/internal/testkit"
)

// JSON is an object as the API takes and gives it.
type JSON = map[string]any

// Do sends a request as admin and returns the answer's status and body. A body
// is JSON, for PATCH a merge patch.
func (c *Cluster) Do(method, path, body string) (int, string) {
	c.t.Helper()
	kind := "application/json"
	if method == http.MethodPatch {
		kind = "application/merge-patch+json"
	}
	status, answer, err := c.try(method, path, kind, body)
	c.must(err)
	return status, answer
}

func (c *Cluster) try(method, path, kind, body string) (int, string, error) {
	return c.send(adminToken, method, path, kind, body)
}

// Ask gets a path with a token and returns the answer's status.
func (c *Cluster) Ask(token, path string) (int, error) {
	status, _, err := c.send(token, http.MethodGet, path, "", "")
	return status, err
}

func (c *Cluster) send(token, method, path, kind, body string) (int, string, error) {
	req, err := http.NewRequest(method, c.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", kind)
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// Must sends a request with an object that has to succeed and returns the
// object of the answer.
func (c *Cluster) Must(method, path string, object JSON) JSON {
	c.t.Helper()
	body, err := json.Marshal(object)
	c.must(err)
	status, answer := c.Do(method, path, string(body))
	if status/100 != 2 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	got := JSON{}
	c.must(json.Unmarshal([]byte(answer), &got))
	return got
}

// Namespace makes a namespace with labels.
func (c *Cluster) Namespace(name string, labels JSON) {
	c.t.Helper()
	c.Must("POST", "/api/v1/namespaces", JSON{"metadata": JSON{"name": name, "labels": labels}})
}

// Allow lets a user do what the rules of a ClusterRole say, and nothing else,
// and returns when the server decides so.
func (c *Cluster) Allow(user string, rules ...any) {
	c.t.Helper()
	const rbac = "/apis/rbac.authorization.k8s.io/v1/"
	for _, kind := range []string{"clusterrolebindings/", "clusterroles/"} {
		// Of an earlier call, if there was one.
		c.Do("DELETE", rbac+kind+user, "")
	}
	c.decides(user, false, c.allowed[user])
	c.Must("POST", rbac+"clusterroles", JSON{"metadata": JSON{"name": user}, "rules": rules})
	c.Must("POST", rbac+"clusterrolebindings", JSON{
		"metadata": JSON{"name": user},
		"roleRef":  JSON{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
		"subjects": []any{JSON{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}},
	})
	c.decides(user, true, rules)
	c.allowed[user] = rules
}

// decides waits until the server allows everything in rules, or nothing: it
// hears of roles some time after they are made.
func (c *Cluster) decides(user string, allowed bool, rules []any) {
	c.t.Helper()
	for _, r := range rules {
		for _, resource := range r.(JSON)["resources"].([]any) {
			for _, verb := range r.(JSON)["verbs"].([]any) {
				review := JSON{"spec": JSON{"user": user, "resourceAttributes": JSON{"verb": verb, "resource": resource}}}
				testkit.Eventually(c.t, fmt.Sprintf("%s may %v %v: %t", user, verb, resource, allowed), func() (bool, string) {
					answer := c.Must("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
					return answer["status"].(JSON)["allowed"] == allowed, ""
				})
			}
		}
	}
}

// Pod makes a pod on a node and returns its uid. metadata needs a name.
func (c *Cluster) Pod(namespace, node string, metadata JSON, containers ...any) (uid string) {
	c.t.Helper()
	pod := c.Must("POST", "/api/v1/namespaces/"+namespace+"/pods", JSON{
		"metadata": metadata, "spec": JSON{"nodeName": node, "containers": containers},
	})
	return pod["metadata"].(JSON)["uid"].(string)
}

// Patch merges changes into a pod.
func (c *Cluster) Patch(namespace, pod string, changes JSON) {
	c.t.Helper()
	c.Must("PATCH", "/api/v1/namespaces/"+namespace+"/pods/"+pod, changes)
}

// Delete deletes a pod at once: there is no kubelet that would end it.
func (c *Cluster) Delete(namespace, pod string) {
	c.t.Helper()
	c.Must("DELETE", "/api/v1/namespaces/"+namespace+"/pods/"+pod, JSON{"gracePeriodSeconds": 0})
}
