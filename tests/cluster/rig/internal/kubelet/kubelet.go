// Package kubelet runs the pods of the cluster's one node as processes of this machine: each pod in a network namespace
// of its own, each container in mount, process and host name namespaces. There are no cgroups: limits are not enforced.
//
// One goroutine per pod owns all that is known of the pod (worker.go); others send it functions to run.
package kubelet

import (
	"context"
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"sallygate.test/rig/internal/images"
	"sallygate.test/rig/internal/network"
	"sallygate.test/rig/internal/plan"
)

// Kubelet is the node's agent.
type Kubelet struct {
	client     kubernetes.Interface
	addresses  plan.Addresses
	images     *images.Catalogue
	network    *network.Pods
	folder     string // one folder per pod
	launcher   string // the program that becomes a container
	secrets    listers.SecretLister
	configMaps listers.ConfigMapLister

	lock    sync.Mutex
	workers map[types.UID]*worker
}

// New makes the agent; Run lets it work.
func New(
	client kubernetes.Interface, configuration plan.Configuration, addresses plan.Addresses, catalogue *images.Catalogue,
) *Kubelet {
	return &Kubelet{
		client: client, addresses: addresses, images: catalogue, network: network.NewPods(addresses),
		folder: configuration.File("pods"), launcher: configuration.Container, workers: map[types.UID]*worker{},
	}
}

// Run registers the node and follows pods until the context ends. The informers are started by the caller.
func (k *Kubelet) Run(ctx context.Context, shared informers.SharedInformerFactory) error {
	core := shared.Core().V1()
	k.secrets, k.configMaps = core.Secrets().Lister(), core.ConfigMaps().Lister()
	sources := []cache.SharedIndexInformer{core.Secrets().Informer(), core.ConfigMaps().Informer()}
	for _, source := range sources {
		_, err := source.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { k.dataChanged(object) },
			UpdateFunc: func(_, object any) { k.dataChanged(object) },
		})
		if err != nil {
			return err
		}
	}
	// Asked for here, because the caller starts only the informers that exist when this returns.
	pods := core.Pods().Informer()
	if err := k.register(ctx); err != nil {
		return err
	}
	go k.beat(ctx)
	go func() {
		// A pod is looked at once its Secrets and ConfigMaps are known.
		if !cache.WaitForCacheSync(ctx.Done(), sources[0].HasSynced, sources[1].HasSynced) {
			return
		}
		_, _ = pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { k.podChanged(ctx, object) },
			UpdateFunc: func(_, object any) { k.podChanged(ctx, object) },
			DeleteFunc: k.podGone,
		})
	}()
	return nil
}

func (k *Kubelet) podChanged(ctx context.Context, object any) {
	pod, ok := object.(*v1.Pod)
	if !ok || pod.Spec.NodeName != plan.NodeName {
		return
	}
	k.lock.Lock()
	known, ok := k.workers[pod.UID]
	if !ok {
		if pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed {
			k.lock.Unlock()
			return // it has ended before: nothing of it runs
		}
		known = newWorker(k, pod)
		k.workers[pod.UID] = known
		go known.run(ctx)
	}
	k.lock.Unlock()
	known.send(func() { known.pod = pod })
}

func (k *Kubelet) podGone(object any) {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	pod, ok := object.(*v1.Pod)
	if !ok {
		return
	}
	if known := k.find(pod.UID); known != nil {
		known.send(func() { known.gone = true })
	}
}

// dataChanged refreshes the volumes of pods in the namespace: few enough to ask them all.
func (k *Kubelet) dataChanged(object any) {
	var namespace string
	switch object := object.(type) {
	case *v1.Secret:
		namespace = object.Namespace
	case *v1.ConfigMap:
		namespace = object.Namespace
	}
	k.lock.Lock()
	var concerned []*worker
	for _, each := range k.workers {
		if each.namespace == namespace {
			concerned = append(concerned, each)
		}
	}
	k.lock.Unlock()
	for _, each := range concerned {
		each.send(func() { each.stale = true })
	}
}

func (k *Kubelet) find(uid types.UID) *worker {
	k.lock.Lock()
	defer k.lock.Unlock()
	return k.workers[uid]
}

func (k *Kubelet) findByName(namespace, name string) *worker {
	k.lock.Lock()
	defer k.lock.Unlock()
	for _, each := range k.workers {
		if each.namespace == namespace && each.name == name {
			return each
		}
	}
	return nil
}

func (k *Kubelet) forget(uid types.UID) {
	k.lock.Lock()
	defer k.lock.Unlock()
	delete(k.workers, uid)
}
