package kubelet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/probe"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
)

const defaultGrace = 30 * time.Second

// grace is how long the pod's containers may take to end.
func (w *worker) grace() time.Duration {
	seconds := w.pod.DeletionGracePeriodSeconds
	if seconds == nil {
		seconds = w.pod.Spec.TerminationGracePeriodSeconds
	}
	if w.gone {
		return 0
	}
	if seconds == nil {
		return defaultGrace
	}
	return time.Duration(*seconds) * time.Second
}

// stop ends the pod: all containers together, the sidecars after the others. It says when to look again.
func (w *worker) stop() time.Duration {
	if w.stopping.IsZero() {
		w.stopping = time.Now()
	}
	deadline := w.stopping.Add(w.grace()) // a second deletion may shorten it
	mains := false
	for _, each := range w.containers {
		mains = mains || (each.process != nil && !each.sidecar)
	}
	wait := time.Minute
	for _, each := range w.containers {
		if each.process == nil {
			continue
		}
		late := time.Until(deadline) <= 0
		if !each.process.asked && (!each.sidecar || !mains || late) {
			each.probes.stopKilling()
			each.end(time.Until(deadline))
		}
		if late {
			each.stops = deadline
		}
		wait = min(wait, each.enforce(), max(time.Until(deadline), time.Millisecond))
	}
	if w.running() {
		return wait
	}
	return 0
}

// remove tells the API server that nothing of the pod is left.
func (w *worker) remove(ctx context.Context) bool {
	now, uid := int64(0), w.pod.UID
	err := w.kubelet.client.CoreV1().Pods(w.namespace).Delete(ctx, w.name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &uid},
	})
	if err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) {
		klog.ErrorS(err, "pod cannot be removed", "pod", w.namespace+"/"+w.name)
		return false
	}
	w.deleted = true
	return true
}

// perform runs a hook and waits for it, as long as the pod may take.
func perform(hook *v1.LifecycleHandler, spec *v1.Container, address string, pid int, grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var err error
	switch {
	case hook.Sleep != nil:
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(hook.Sleep.Seconds) * time.Second):
		}
	case hook.Exec != nil:
		_, err = enter(ctx, pid, hook.Exec.Command).CombinedOutput()
	case hook.HTTPGet != nil:
		request, wrong := httpprobe.NewRequestForHTTPGetAction(hook.HTTPGet, spec, address, "lifecycle")
		if wrong != nil {
			err = wrong
			break
		}
		result, text, _ := httpprobe.New(false).Probe(request, grace)
		if result != probe.Success {
			err = fmt.Errorf("%s", text)
		}
	}
	if err != nil {
		klog.ErrorS(err, "preStop", "container", spec.Name)
	}
}

// enter is a command inside a running container, with the container's environment.
func enter(ctx context.Context, pid int, words []string) *exec.Cmd {
	arguments := []string{
		"--target", strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--",
	}
	command := exec.CommandContext(ctx, "nsenter", append(arguments, words...)...)
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil {
		command.Env = strings.Split(strings.TrimRight(string(text), "\x00"), "\x00")
	}
	return command
}
