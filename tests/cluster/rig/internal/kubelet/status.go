package kubelet

import (
	"context"
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	statuses "k8s.io/kubernetes/pkg/util/pod"
)

const requestTimeout = 5 * time.Second // an API server that is frozen must not freeze a pod for longer

// write brings the pod's status to the API server, and takes the pod away when all of it has ended. It says whether
// the API server knows everything.
func (w *worker) write(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	status := w.status()
	if !equality.Semantic.DeepEqual(status, w.written) {
		_, _, _, err := statuses.PatchPodStatus(ctx, w.kubelet.client, w.namespace, w.name, w.pod.UID, w.pod.Status, status)
		switch {
		case err == nil:
			w.written = status
		case strings.Contains(err.Error(), "not found"): // its error is text only
			w.gone = true
			return false
		default:
			klog.ErrorS(err, "status of a pod", "pod", w.namespace+"/"+w.name)
			return false
		}
	}
	if w.pod.DeletionTimestamp != nil && !w.running() && !w.deleted {
		return w.remove(ctx)
	}
	return true
}

func (w *worker) status() v1.PodStatus {
	status := *w.pod.Status.DeepCopy()
	status.ObservedGeneration = w.pod.Generation
	status.StartTime = &w.started
	status.HostIP = w.kubelet.addresses.Node().String()
	status.HostIPs = []v1.HostIP{{IP: status.HostIP}}
	if w.address.IsValid() {
		status.PodIP = w.address.String()
		status.PodIPs = []v1.PodIP{{IP: status.PodIP}}
	}
	status.InitContainerStatuses, status.ContainerStatuses = nil, nil
	initialised, ready := true, true
	for _, each := range w.containers {
		row := each.status()
		if each.init {
			status.InitContainerStatuses = append(status.InitContainerStatuses, row)
			initialised = initialised && (each.succeeded() || (each.sidecar && each.isStarted()))
			ready = ready && (!each.sidecar || row.Ready)
			continue
		}
		status.ContainerStatuses = append(status.ContainerStatuses, row)
		ready = ready && row.Ready
	}
	status.Phase = w.phase()
	status.Message = w.trouble
	gates := ""
	for _, gate := range w.pod.Spec.ReadinessGates {
		if !holds(w.pod.Status.Conditions, gate.ConditionType) {
			gates = fmt.Sprintf("the readiness gate %q does not hold", gate.ConditionType)
		}
	}
	generation := w.pod.Generation
	set := func(kind v1.PodConditionType, holds bool, reason, message string) {
		condition := v1.PodCondition{Type: kind, Status: v1.ConditionFalse, ObservedGeneration: generation}
		if holds {
			condition.Status = v1.ConditionTrue
		} else {
			condition.Reason, condition.Message = reason, message
		}
		condition.LastTransitionTime = since(status.Conditions, condition)
		status.Conditions = statuses.ReplaceOrAppendPodCondition(status.Conditions, &condition)
	}
	set(v1.PodReadyToStartContainers, w.address.IsValid(), "NoNetwork", w.trouble)
	set(v1.PodInitialized, initialised, "ContainersNotInitialized", "an init container has not ended")
	set(v1.ContainersReady, ready, "ContainersNotReady", "a container is not ready")
	if gates == "" {
		set(v1.PodReady, ready, "ContainersNotReady", "a container is not ready")
	} else {
		set(v1.PodReady, false, "ReadinessGatesNotReady", gates)
	}
	return status
}

// phase in short: what kubelets answer for the same containers.
func (w *worker) phase() v1.PodPhase {
	started, waiting, failed := false, false, false
	for _, each := range w.containers {
		ended := each.process == nil && each.state.Terminated != nil
		code := int32(0)
		if ended {
			code = each.state.Terminated.ExitCode
		}
		if each.init && !each.sidecar {
			if ended && code != 0 && !each.restartable() {
				return v1.PodFailed
			}
			continue
		}
		if each.sidecar {
			continue
		}
		started = started || each.process != nil || each.state.Terminated != nil
		closing := w.pod.DeletionTimestamp != nil || w.gone
		waiting = waiting || !ended || (each.restartable() && !closing)
		failed = failed || code != 0
	}
	switch {
	case !started:
		return v1.PodPending
	case waiting:
		return v1.PodRunning
	case failed:
		return v1.PodFailed
	}
	return v1.PodSucceeded
}

func (c *container) status() v1.ContainerStatus {
	started := c.isStarted()
	status := v1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: "rig://" + c.spec.Image,
		State: c.state, LastTerminationState: c.last, RestartCount: c.restarts,
		Ready: c.isReady(), Started: &started,
	}
	if c.process != nil || c.state.Terminated != nil {
		status.ContainerID = fmt.Sprintf("rig://%s/%s/%d", c.worker.pod.UID, c.spec.Name, c.restarts)
	}
	return status
}

func holds(conditions []v1.PodCondition, kind v1.PodConditionType) bool {
	for _, each := range conditions {
		if each.Type == kind {
			return each.Status == v1.ConditionTrue
		}
	}
	return false
}

// since when a condition has been as it is.
func since(conditions []v1.PodCondition, wanted v1.PodCondition) metav1.Time {
	for _, each := range conditions {
		if each.Type == wanted.Type && each.Status == wanted.Status {
			return each.LastTransitionTime
		}
	}
	return metav1.Now()
}
