package kubelet

import (
	"os/exec"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A container that ends is started again at once, then after a while that doubles. Kubelets start at 10 s and go to
// five minutes: a test would wait.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
	steadyAfter  = time.Minute // running that long makes the next pause the first again
)

// container is one row of the pod's specification and what runs for it. Only the pod's worker touches it.
type container struct {
	worker  *worker
	spec    *v1.Container
	init    bool
	sidecar bool // an init container that goes on running

	process  *process // nil while nothing runs
	restarts int32
	state    v1.ContainerState
	last     v1.ContainerState
	pause    time.Duration
	notUntil time.Time
	probes   *probes
	reason   string // why it is being stopped while its pod lives on
	stops    time.Time
}

// process is one run of a container.
type process struct {
	command *exec.Cmd
	log     string
	begun   time.Time
	asked   bool // to end
}

func newContainer(w *worker, spec *v1.Container, init bool) *container {
	c := &container{worker: w, spec: spec, init: init, probes: &probes{}}
	c.sidecar = init && spec.RestartPolicy != nil && *spec.RestartPolicy == v1.ContainerRestartPolicyAlways
	c.state.Waiting = &v1.ContainerStateWaiting{Reason: "ContainerCreating"}
	if len(w.pod.Spec.InitContainers) > 0 && !init {
		c.state.Waiting.Reason = "PodInitializing"
	}
	return c
}

// keep lets the container run, if it should, and says when to look again.
func (c *container) keep() time.Duration {
	if c.process != nil {
		return c.enforce()
	}
	if c.state.Terminated != nil && !c.restartable() {
		return time.Minute
	}
	if wait := time.Until(c.notUntil); wait > 0 {
		return wait
	}
	reason, err := c.start()
	if err != nil {
		if c.state.Terminated != nil {
			c.last = c.state
		}
		c.state = v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: err.Error()}}
		return retryInterval
	}
	return time.Minute
}

// enforce kills what was asked to end and did not.
func (c *container) enforce() time.Duration {
	if c.stops.IsZero() {
		return time.Minute
	}
	if wait := time.Until(c.stops); wait > 0 {
		return wait
	}
	_ = c.process.command.Process.Kill()
	return time.Minute
}

func (c *container) restartable() bool {
	policy := c.worker.pod.Spec.RestartPolicy
	switch {
	case c.sidecar:
		return true
	case policy == v1.RestartPolicyNever:
		return false
	case policy == v1.RestartPolicyOnFailure || c.init:
		return c.state.Terminated.ExitCode != 0
	}
	return true
}

func (c *container) succeeded() bool {
	return c.process == nil && c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
}

func (c *container) isStarted() bool {
	return c.process != nil && (c.spec.StartupProbe == nil || c.probes.started)
}

func (c *container) isReady() bool {
	if c.init && !c.sidecar {
		return c.succeeded()
	}
	return c.isStarted() && (c.spec.ReadinessProbe == nil || c.probes.ready)
}

// began is called with the run that has just begun.
func (c *container) began(run *process) {
	if c.state.Terminated != nil {
		c.last = c.state
		c.restarts++
	}
	c.process = run
	c.reason, c.stops = "", time.Time{}
	c.state = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.NewTime(run.begun)}}
	c.probe(run)
}

// ended is called when a run is over.
func (c *container) ended(run *process) {
	if c.process != run {
		return
	}
	c.process = nil
	c.probes.stop()
	status, _ := run.command.ProcessState.Sys().(syscall.WaitStatus)
	code, reason := int32(status.ExitStatus()), "Error"
	if status.Signaled() {
		code = 128 + int32(status.Signal())
	}
	if code == 0 {
		reason = "Completed"
	}
	c.state = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: c.reason,
		StartedAt: metav1.NewTime(run.begun), FinishedAt: metav1.Now(),
	}}
	if time.Since(run.begun) > steadyAfter {
		c.pause = 0
	}
	c.notUntil = time.Now().Add(c.pause)
	c.pause = min(max(2*c.pause, firstPause), longestPause)
}

// restart ends a run whose pod lives on, for a probe that failed.
func (c *container) restart(run *process, reason string) {
	if c.process != run || run.asked {
		return
	}
	c.reason = reason
	c.end(c.worker.grace())
}

// end asks the run to end: the hook before, SIGTERM, and SIGKILL when the time is over.
func (c *container) end(grace time.Duration) {
	run := c.process
	run.asked = true
	c.stops = time.Now().Add(grace)
	if c.spec.Lifecycle == nil || c.spec.Lifecycle.PreStop == nil || grace <= 0 {
		_ = run.command.Process.Signal(syscall.SIGTERM)
		return
	}
	hook, address := c.spec.Lifecycle.PreStop, c.worker.address.String()
	pid := run.command.Process.Pid
	go func() {
		perform(hook, c.spec, address, pid, grace)
		c.worker.send(func() {
			if c.process == run {
				_ = run.command.Process.Signal(syscall.SIGTERM)
			}
		})
	}()
}
