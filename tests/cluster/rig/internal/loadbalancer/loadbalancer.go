// Package loadbalancer gives Services of type LoadBalancer an address, as a cloud would. kube-proxy does the forwarding:
// the machine routes the whole range to the node.
package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const retry = time.Second

// Run hands out addresses of the range until the context ends. A Service keeps its address until it is gone or is of
// another type; spec.loadBalancerIP is honoured inside the range; a Service with a loadBalancerClass is left alone.
func Run(ctx context.Context, client kubernetes.Interface, shared informers.SharedInformerFactory, room netip.Prefix) error {
	services := shared.Core().V1().Services()
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err := services.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { wake() }, UpdateFunc: func(any, any) { wake() }, DeleteFunc: func(any) { wake() },
	})
	if err != nil {
		return err
	}
	go func() {
		given := map[string]netip.Addr{} // by UID: until the lister shows what was written
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			all := services.Informer().GetStore().List()
			if err := assign(ctx, client, room, all, given); err != nil && ctx.Err() == nil {
				klog.ErrorS(err, "load balancer")
				time.AfterFunc(retry, wake)
			}
		}
	}()
	return nil
}

func assign(ctx context.Context, client kubernetes.Interface, room netip.Prefix, all []any, given map[string]netip.Addr) error {
	var wanting, leaving []*v1.Service
	there := map[string]bool{}
	for _, each := range all {
		service, _ := each.(*v1.Service)
		balanced := service.Spec.Type == v1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil
		addresses := service.Status.LoadBalancer.Ingress
		switch {
		case balanced && len(addresses) > 0:
			if address, err := netip.ParseAddr(addresses[0].IP); err == nil {
				given[string(service.UID)] = address
			}
		case balanced:
			wanting = append(wanting, service)
		case len(addresses) > 0 && service.Spec.LoadBalancerClass == nil:
			leaving = append(leaving, service)
			continue
		default:
			continue
		}
		there[string(service.UID)] = true
	}
	used := map[netip.Addr]bool{}
	for uid, address := range given {
		if !there[uid] {
			delete(given, uid)
			continue
		}
		used[address] = true
	}
	var failed []error // one Service that asks for the impossible does not keep the others waiting
	for _, service := range leaving {
		failed = append(failed, write(ctx, client, service, nil))
	}
	for _, service := range wanting {
		address, known := given[string(service.UID)]
		if !known {
			var err error
			if address, err = pick(room, service.Spec.LoadBalancerIP, used); err != nil {
				failed = append(failed, fmt.Errorf("%s/%s: %w", service.Namespace, service.Name, err))
				continue
			}
		}
		if err := write(ctx, client, service, []v1.LoadBalancerIngress{{IP: address.String()}}); err != nil {
			failed = append(failed, err)
			continue
		}
		given[string(service.UID)], used[address] = address, true
	}
	return errors.Join(failed...)
}

func pick(room netip.Prefix, wanted string, used map[netip.Addr]bool) (netip.Addr, error) {
	if wanted != "" {
		address, err := netip.ParseAddr(wanted)
		if err != nil || !room.Contains(address) || used[address] {
			return address, fmt.Errorf("spec.loadBalancerIP %s: not a free address of %s", wanted, room)
		}
		return address, nil
	}
	for address := room.Addr().Next(); room.Contains(address); address = address.Next() {
		if !used[address] {
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("every address of %s is taken", room)
}

func write(ctx context.Context, client kubernetes.Interface, service *v1.Service, addresses []v1.LoadBalancerIngress) error {
	changed := service.DeepCopy()
	changed.Status.LoadBalancer.Ingress = addresses
	_, err := client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return err
}
