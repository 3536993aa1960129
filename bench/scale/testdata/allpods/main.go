// Command allpods is the yardstick of docs/scale.md: agents that know the pods
// of a cluster as client-go's documentation begins, by the clientset and shared
// informers for all pods and namespaces. It is a module of its own because the
// clientset needs modules that the agent does not.
//
//	allpods -server https://10.96.0.1 -ca ca.pem -token token -count 10
//
// It says "synced" when all agents are, and runs until it is killed.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

func main() {
	c := rest.Config{QPS: -1}
	flag.StringVar(&c.Host, "server", "", "address of the API server")
	flag.StringVar(&c.CAFile, "ca", "", "file of its certificate authority")
	flag.StringVar(&c.BearerTokenFile, "token", "", "file with a token")
	count := flag.Int("count", 1, "how many agents")
	flag.Parse()
	if err := run(context.Background(), c, *count); err != nil {
		fmt.Fprintln(os.Stderr, "allpods:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c rest.Config, count int) error {
	var synced []cache.InformerSynced
	for range count {
		// Clients with one dialer share their connection.
		c.Dial = (&net.Dialer{}).DialContext
		client, err := kubernetes.NewForConfig(&c)
		if err != nil {
			return err
		}
		all := informers.NewSharedInformerFactory(client, 0)
		synced = append(synced, all.Core().V1().Pods().Informer().HasSynced, all.Core().V1().Namespaces().Informer().HasSynced)
		all.Start(ctx.Done())
	}
	if cache.WaitForCacheSync(ctx.Done(), synced...) {
		fmt.Println("synced")
	}
	<-ctx.Done()
	return ctx.Err()
}
