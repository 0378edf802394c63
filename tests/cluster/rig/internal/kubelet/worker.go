package kubelet

import (
	"context"
	"net/netip"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"sallygate.test/rig/internal/network"
)

const (
	retryInterval = 250 * time.Millisecond // after what failed because something is not there yet
	queueLength   = 64
)

// worker owns one pod, from its first container to its last.
type worker struct {
	kubelet         *Kubelet
	namespace, name string
	pod             *v1.Pod // the newest, as the API server has it
	events          chan func()
	done            chan struct{}

	network *network.Pod // nil for a pod in the node's own network
	address netip.Addr
	tokens  map[string]token
	ready   bool   // volumes and network are there
	stale   bool   // volumes may be out of date
	trouble string // why not, for the status

	containers []*container // in the order of the specification, init containers first
	started    metav1.Time

	gone     bool      // from the API server: nobody waits for a graceful end
	stopping time.Time // when the end began
	written  v1.PodStatus
	deleted  bool
}

func newWorker(kubelet *Kubelet, pod *v1.Pod) *worker {
	w := &worker{
		kubelet: kubelet, namespace: pod.Namespace, name: pod.Name, pod: pod,
		events: make(chan func(), queueLength), done: make(chan struct{}),
		tokens: map[string]token{}, stale: true, started: metav1.Now(),
	}
	for index := range pod.Spec.InitContainers {
		w.containers = append(w.containers, newContainer(w, &pod.Spec.InitContainers[index], true))
	}
	for index := range pod.Spec.Containers {
		w.containers = append(w.containers, newContainer(w, &pod.Spec.Containers[index], false))
	}
	return w
}

// send lets the worker run a function; nothing happens when it has ended.
func (w *worker) send(event func()) {
	select {
	case w.events <- event:
	case <-w.done:
	}
}

// ask runs a function in the worker and waits for it. It says whether it ran.
func (w *worker) ask(question func()) bool {
	answered := make(chan struct{})
	w.send(func() { question(); close(answered) })
	select {
	case <-answered:
		return true
	case <-w.done:
		return false
	}
}

func (w *worker) run(ctx context.Context) {
	defer close(w.done)
	defer w.kubelet.forget(w.pod.UID)
	timer := time.NewTimer(0)
	for {
		select {
		case <-ctx.Done():
			return // the cluster ends, and every process with it
		case event := <-w.events:
			event()
		case <-timer.C:
		}
		w.drain()
		wait := w.step(ctx)
		if w.finished() {
			w.clear()
			return
		}
		timer.Reset(wait)
	}
}

func (w *worker) drain() {
	for {
		select {
		case event := <-w.events:
			event()
		default:
			return
		}
	}
}

// step does what there is to do, and says when to look again.
func (w *worker) step(ctx context.Context) time.Duration {
	wait := time.Minute
	if w.gone || w.pod.DeletionTimestamp != nil {
		wait = w.stop()
	} else {
		wait = min(wait, w.prepare(ctx))
		if w.ready {
			wait = min(wait, w.advance())
		}
	}
	if !w.gone && !w.write(ctx) {
		wait = min(wait, retryInterval)
	}
	return wait
}

// prepare makes network and volumes, or says in the status what is missing.
func (w *worker) prepare(ctx context.Context) time.Duration {
	if err := w.connect(); err != nil {
		w.trouble = err.Error()
		return retryInterval
	}
	wait := time.Minute
	for _, held := range w.tokens {
		if until := time.Until(held.renew); until <= 0 {
			w.stale = true
		} else {
			wait = min(wait, until)
		}
	}
	if w.stale {
		if err := w.refreshVolumes(ctx); err != nil {
			w.trouble = err.Error()
			return retryInterval
		}
		w.stale, w.ready, w.trouble = false, true, ""
	}
	return wait
}

func (w *worker) connect() error {
	if w.address.IsValid() {
		return nil
	}
	if w.pod.Spec.HostNetwork {
		w.address = w.kubelet.addresses.Node()
		return nil
	}
	made, err := w.kubelet.network.Add()
	if err != nil {
		return err
	}
	w.network, w.address = made, made.Address
	return nil
}

// advance starts what may start: init containers one after the other, then all others together.
func (w *worker) advance() time.Duration {
	wait := time.Minute
	for _, each := range w.containers {
		if each.init && !each.sidecar {
			if each.succeeded() {
				continue
			}
			return min(wait, each.keep())
		}
		wait = min(wait, each.keep())
		if each.init && !each.isStarted() {
			return wait
		}
	}
	return wait
}

// finished says whether nothing runs any more and nobody has to be told.
func (w *worker) finished() bool {
	return (w.gone || w.deleted) && !w.running()
}

func (w *worker) running() bool {
	for _, each := range w.containers {
		if each.process != nil {
			return true
		}
	}
	return false
}

func (w *worker) clear() {
	if w.network != nil {
		w.network.Close()
	}
	if err := os.RemoveAll(w.folder()); err != nil {
		klog.ErrorS(err, "folder of a pod", "pod", w.namespace+"/"+w.name)
	}
}
