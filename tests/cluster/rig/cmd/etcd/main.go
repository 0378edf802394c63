// etcd for one test cluster: one member, no fsync, plain HTTP on loopback of the cluster's network namespace.
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	folder := flag.String("data-dir", "", "folder for the data")
	client := flag.String("client-url", "http://127.0.0.1:2379", "where the API server finds us")
	peer := flag.String("peer-url", "http://127.0.0.1:2380", "where other members would")
	flag.Parse()
	if err := serve(*folder, *client, *peer); err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		os.Exit(1)
	}
}

func serve(folder, client, peer string) error {
	clientURL, err := url.Parse(client)
	if err != nil {
		return err
	}
	peerURL, err := url.Parse(peer)
	if err != nil {
		return err
	}
	configuration := embed.NewConfig()
	configuration.Dir = folder
	configuration.ListenClientUrls, configuration.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	configuration.ListenPeerUrls, configuration.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	configuration.InitialCluster = configuration.InitialClusterFromName(configuration.Name)
	configuration.UnsafeNoFsync = true     // the data dies with the cluster
	configuration.EnableGRPCGateway = true // compaction is asked for over HTTP
	configuration.LogLevel = "warn"

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	server, err := embed.StartEtcd(configuration)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case err := <-server.Err():
		return err
	case <-stop:
		return nil
	}
}
