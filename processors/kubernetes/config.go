// Package kubernetes adds what the API server knows of a container's pod to
// the resource of its log: the workload, the image, the service's name,
// configured labels and annotations. It watches the pods of one node and asks
// for nothing else of the cluster. What it adds becomes constant bytes of the
// documents, so it costs nothing per line.
package kubernetes

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config is the processor's configuration. Keys that the Collector's
// k8sattributes processor has are called as they are there.
type Config struct {
	Endpoint  string  `mapstructure:"endpoint" doc:"Address of the API server, such as https://10.96.0.1. Empty: the one that Kubernetes tells every pod (KUBERNETES_SERVICE_HOST)."`
	TokenFile string  `mapstructure:"token_file" doc:"File with the token that the agent shows to the API server, which is read again: it may be rotated."`
	CAFile    string  `mapstructure:"ca_file" doc:"PEM file of the certificate authorities that the API server's certificate is checked by."`
	Extract   Extract `mapstructure:"extract"`
	// Annotations are some of Keys.
	Annotations  []string      `mapstructure:"annotations" doc:"Annotations tailrace.io/KEY of pods and namespaces that are followed, by their keys, and those of other agents that mean the same. Empty follows none."`
	Terminations bool          `mapstructure:"terminations" doc:"Make a record of each end of a container's life that the status of its pod tells of: why it ended, with which exit code, and which restart it was. It has the resource of the container's log and goes to the dataset kubernetes.terminations."`
	Wait         time.Duration `mapstructure:"wait_for_metadata_timeout" doc:"For how long a container's log is not read while its pod is not known yet. After that it is read on without, which is counted, and gets the metadata from when they come. 0 waits never."`
}

// Extract says what is added.
type Extract struct {
	Metadata    []string `mapstructure:"metadata" doc:"Resource attributes to add. Namespace, pod, its uid, container and restart are always there, from the log's path."`
	Labels      []Field  `mapstructure:"labels" doc:"Labels to add, as k8s.pod.label.KEY or k8s.namespace.label.KEY."`
	Annotations []Field  `mapstructure:"annotations" doc:"Annotations to add, as k8s.pod.annotation.KEY or k8s.namespace.annotation.KEY."`
}

// Field picks labels or annotations.
type Field struct {
	Key      string `mapstructure:"key" doc:"Its key."`
	KeyRegex string `mapstructure:"key_regex" doc:"Instead of key: a regular expression that the whole key matches."`
	TagName  string `mapstructure:"tag_name" doc:"Name of the attribute instead of the usual one; with key_regex it may have $1 for what the first parentheses hold."`
	From     string `mapstructure:"from" doc:"pod (the default) or namespace."`
}

// What a Field is taken from.
const (
	fromPod       = "pod"
	fromNamespace = "namespace"
)

// serviceAccount is where the kubelet mounts a pod's credentials (Kubernetes,
// "Accessing the Kubernetes API from a Pod").
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"

// DefaultConfig adds workload, image and service.
func DefaultConfig() Config {
	return Config{
		TokenFile: serviceAccount + "token", CAFile: serviceAccount + "ca.crt", Wait: 10 * time.Second, Annotations: Keys(), Terminations: true,
		Extract: Extract{Metadata: []string{
			deploymentName, statefulSetName, daemonSetName, jobName, cronJobName, imageName, imageTags,
			serviceName, serviceNamespace, serviceVersion, serviceInstanceID,
		}},
	}
}

// The attributes that can be added, by their names in the semantic conventions.
const (
	deploymentName    = "k8s.deployment.name"
	replicaSetName    = "k8s.replicaset.name"
	statefulSetName   = "k8s.statefulset.name"
	daemonSetName     = "k8s.daemonset.name"
	jobName           = "k8s.job.name"
	cronJobName       = "k8s.cronjob.name"
	podStartTime      = "k8s.pod.start_time"
	podIP             = "k8s.pod.ip"
	containerID       = "container.id"
	imageName         = "container.image.name"
	imageTags         = "container.image.tags"
	serviceName       = "service.name"
	serviceNamespace  = "service.namespace"
	serviceVersion    = "service.version"
	serviceInstanceID = "service.instance.id"
)

// known are the names for Extract.Metadata; those of the path are there anyway.
var known = []string{
	deploymentName, replicaSetName, statefulSetName, daemonSetName, jobName, cronJobName, podStartTime, podIP,
	containerID, imageName, imageTags, serviceName, serviceNamespace, serviceVersion, serviceInstanceID,
	"k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name", "k8s.container.restart_count", "k8s.node.name",
}

// maxWait bounds Config.Wait: a log that is not read for longer is rotated
// away unread.
const maxWait = 10 * time.Minute

// Validate names every key that is wrong.
func (c *Config) Validate() error {
	var all []error
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		all = append(all, fmt.Errorf("endpoint: %q is no address: write one such as https://10.96.0.1", c.Endpoint))
	}
	if c.Wait < 0 || c.Wait > maxWait {
		all = append(all, fmt.Errorf("wait_for_metadata_timeout: must be from 0 to %v, not %v", maxWait, c.Wait))
	}
	for _, name := range c.Extract.Metadata {
		if !slices.Contains(known, name) {
			all = append(all, fmt.Errorf("extract.metadata: there is no %q to add: choose from %s", name, strings.Join(known, ", ")))
		}
	}
	for _, key := range c.Annotations {
		if !slices.Contains(Keys(), key) {
			all = append(all, fmt.Errorf("annotations: there is no tailrace.io/%s to follow: choose from %s", key, strings.Join(Keys(), ", ")))
		}
	}
	all = append(all, checkFields("extract.labels", c.Extract.Labels)...)
	return errors.Join(append(all, checkFields("extract.annotations", c.Extract.Annotations)...)...)
}

func checkFields(key string, fields []Field) (all []error) {
	for i, f := range fields {
		if err := f.check(); err != nil {
			all = append(all, fmt.Errorf("%s[%d]: %w", key, i, err))
		}
	}
	return all
}

func (f *Field) check() error {
	if (f.Key == "") == (f.KeyRegex == "") {
		return errors.New("needs one of key and key_regex")
	}
	if _, err := regexp.Compile(f.KeyRegex); err != nil {
		return fmt.Errorf("key_regex: %w", err)
	}
	if f.From != "" && f.From != fromPod && f.From != fromNamespace {
		return fmt.Errorf("from must be pod or namespace, not %q", f.From)
	}
	return nil
}
