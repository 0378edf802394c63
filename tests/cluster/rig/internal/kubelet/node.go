package kubelet

import (
	"context"
	"fmt"
	"time"

	coordination "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"

	"sallygate.test/rig/internal/plan"
)

const (
	leaseDuration = 40 * time.Second // as kubelets have it
	beatInterval  = 10 * time.Second
)

// What the node says it has. Nothing is enforced; tests must not be kept from running many pods by a small machine.
var capacity = v1.ResourceList{
	v1.ResourceCPU:              resource.MustParse("64"),
	v1.ResourceMemory:           resource.MustParse("256Gi"),
	v1.ResourceEphemeralStorage: resource.MustParse("256Gi"),
	v1.ResourcePods:             resource.MustParse("2000"),
}

func (k *Kubelet) register(ctx context.Context) error {
	labels := map[string]string{
		v1.LabelHostname: plan.NodeName, v1.LabelOSStable: "linux", v1.LabelArchStable: "amd64",
		v1.LabelTopologyZone: "rig", v1.LabelTopologyRegion: "rig",
	}
	node, err := k.client.CoreV1().Nodes().Create(ctx, &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: plan.NodeName, Labels: labels},
		Spec:       v1.NodeSpec{PodCIDR: k.addresses.Pods().String(), PodCIDRs: []string{k.addresses.Pods().String()}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	now := metav1.Now()
	node.Status = v1.NodeStatus{
		Capacity:    capacity,
		Allocatable: capacity,
		Addresses: []v1.NodeAddress{
			{Type: v1.NodeInternalIP, Address: k.addresses.Node().String()},
			{Type: v1.NodeHostName, Address: plan.NodeName},
		},
		DaemonEndpoints: v1.NodeDaemonEndpoints{KubeletEndpoint: v1.DaemonEndpoint{Port: plan.KubeletPort}},
		NodeInfo: v1.NodeSystemInfo{
			KubeletVersion: version.Get().GitVersion, OperatingSystem: "linux", Architecture: "amd64",
			ContainerRuntimeVersion: "rig://1",
		},
		Conditions: []v1.NodeCondition{{
			Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "RigReady", Message: "pods are local processes",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}},
	}
	if node, err = k.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("status of the node: %w", err)
	}
	// Nodes start with a taint that the node controller takes off seconds later; there is nothing to wait for here.
	node.Spec.Taints = nil
	if _, err = k.client.CoreV1().Nodes().Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("taints of the node: %w", err)
	}
	return nil
}

// beat renews the node's lease.
func (k *Kubelet) beat(ctx context.Context) {
	leases := k.client.CoordinationV1().Leases(v1.NamespaceNodeLease)
	name, seconds := plan.NodeName, int32(leaseDuration.Seconds())
	for {
		now := metav1.NowMicro()
		lease, err := leases.Get(ctx, name, metav1.GetOptions{})
		switch {
		case errors.IsNotFound(err):
			lease = &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: coordination.LeaseSpec{
				HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &now,
			}}
			_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
		case err == nil:
			lease.Spec.RenewTime = &now
			_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
		}
		if err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "lease of the node")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(beatInterval):
		}
	}
}
