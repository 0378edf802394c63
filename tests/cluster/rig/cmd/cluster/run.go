package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"sallygate.test/rig/internal/components"
	"sallygate.test/rig/internal/door"
	"sallygate.test/rig/internal/images"
	"sallygate.test/rig/internal/kubelet"
	"sallygate.test/rig/internal/loadbalancer"
	"sallygate.test/rig/internal/network"
	"sallygate.test/rig/internal/plan"
)

const startTimeout = time.Minute // of everything; a loaded machine takes ten seconds

// run is the cluster: the first process of its process namespace. When it returns the kernel ends what it has started.
func run(configuration plan.Configuration) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if configuration.WithLastUser {
		go func() {
			awaitLastUser(configuration)
			cancel()
		}()
	}
	ready := os.NewFile(readyDescriptor, "ready")
	syscall.CloseOnExec(readyDescriptor)
	started, err := start(ctx, configuration)
	if err != nil {
		fmt.Fprintln(ready, err)
		return err
	}
	fmt.Fprintln(ready, readyWord)
	_ = ready.Close()
	<-ctx.Done()
	for index := len(started) - 1; index >= 0; index-- {
		started[index].Stop(true) // the data goes with the cluster: nothing has to be saved
	}
	return nil
}

// awaitLastUser returns when nobody holds the lock that users share. It keeps it then: who comes now waits for our end.
func awaitLastUser(configuration plan.Configuration) {
	file, err := os.OpenFile(configuration.Users(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return
	}
	for syscall.Flock(int(file.Fd()), syscall.LOCK_EX) == syscall.EINTR {
		continue
	}
}

func start(ctx context.Context, configuration plan.Configuration) ([]*components.Component, error) {
	limited, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	addresses, err := settle()
	if err != nil {
		return nil, err
	}
	list, err := components.Kubernetes(configuration, addresses)
	if err != nil {
		return nil, err
	}
	client, err := connect(configuration)
	if err != nil {
		return nil, err
	}
	for _, each := range list {
		if err := each.Start(); err != nil {
			return nil, err
		}
		switch each.Name {
		case components.Etcd:
			err = components.EtcdAnswering(limited)
		case components.APIServer:
			err = components.Answering(limited, client)
		}
		if err != nil {
			return nil, err
		}
	}
	catalogue := images.New(configuration.Images)
	shared := informers.NewSharedInformerFactory(client, 0)
	agent := kubelet.New(client, configuration, addresses, catalogue)
	if err := agent.Run(ctx, shared); err != nil {
		return nil, err
	}
	if err := agent.Serve(ctx, configuration); err != nil {
		return nil, err
	}
	if err := loadbalancer.Run(ctx, client, shared, addresses.LoadBalancers()); err != nil {
		return nil, err
	}
	shared.Start(ctx.Done())
	if err := (&door.Door{Components: list, Images: catalogue, Client: client}).Serve(ctx, configuration.Door()); err != nil {
		return nil, err
	}
	if err := components.Populated(limited, client); err != nil {
		return nil, err
	}
	return list, components.Forwarding(limited, addresses)
}

// settle takes the network that `up` has made for us, and mounts that no one else sees.
func settle() (plan.Addresses, error) {
	var addresses plan.Addresses
	slot := os.NewFile(addressesDescriptor, "addresses")
	defer slot.Close()
	if err := json.NewDecoder(slot).Decode(&addresses); err != nil {
		return addresses, fmt.Errorf("no addresses: %w", err) // who started us is gone
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return addresses, fmt.Errorf("private mounts: %w", err)
	}
	for target, kind := range map[string]string{"/proc": "proc", "/sys": "sysfs"} { // of our own processes and network
		if err := syscall.Mount(kind, target, kind, 0, ""); err != nil {
			return addresses, fmt.Errorf("mount %s: %w", target, err)
		}
	}
	return addresses, network.Node(addresses)
}

func connect(configuration plan.Configuration) (kubernetes.Interface, error) {
	access, err := clientcmd.BuildConfigFromFlags("", configuration.File("kubelet.kubeconfig"))
	if err != nil {
		return nil, err
	}
	access.QPS = -1 // no limit of our own
	return kubernetes.NewForConfig(access)
}
