package kubelet

import (
	"context"
	"fmt"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/probe"
	grpcprobe "k8s.io/kubernetes/pkg/probe/grpc"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
)

// A probe that has not succeeded yet is repeated faster than its period says: a test waits for the first success.
const firstInterval = 100 * time.Millisecond

// probes of one run of a container. The flags belong to the worker.
type probes struct {
	started, ready bool
	cancel         context.CancelFunc // all of them
	cancelKilling  context.CancelFunc // those whose failure ends the container
}

func (p *probes) stop() {
	if p.cancel != nil {
		p.cancel()
	}
	p.started, p.ready = false, false
}

func (p *probes) stopKilling() {
	if p.cancelKilling != nil {
		p.cancelKilling()
	}
}

// probe starts what watches a run: first the startup probe, then readiness and liveness side by side.
func (c *container) probe(run *process) {
	ctx, cancel := context.WithCancel(context.Background())
	killing, cancelKilling := context.WithCancel(ctx)
	set := &probes{cancel: cancel, cancelKilling: cancelKilling}
	c.probes = set
	address, pid := c.worker.address.String(), run.command.Process.Pid
	current := func(change func()) {
		c.worker.send(func() {
			if c.process == run {
				change()
			}
		})
	}
	follow := func() {
		if c.spec.ReadinessProbe != nil {
			go watch(ctx, c.spec, c.spec.ReadinessProbe, address, pid, func(good bool, _ string) {
				current(func() { set.ready = good })
			})
		}
		if c.spec.LivenessProbe != nil {
			go watch(killing, c.spec, c.spec.LivenessProbe, address, pid, func(good bool, text string) {
				if !good {
					current(func() { c.restart(run, "liveness probe failed: "+text) })
				}
			})
		}
	}
	if c.spec.StartupProbe == nil {
		follow()
		return
	}
	startup, done := context.WithCancel(killing)
	go watch(startup, c.spec, c.spec.StartupProbe, address, pid, func(good bool, text string) {
		done()
		current(func() {
			if !good {
				c.restart(run, "startup probe failed: "+text)
				return
			}
			set.started = true
			follow()
		})
	})
}

// watch repeats a probe, and reports each time that its thresholds say something new.
func watch(
	ctx context.Context, spec *v1.Container, wanted *v1.Probe, address string, pid int, report func(good bool, text string),
) {
	if !pause(ctx, time.Duration(wanted.InitialDelaySeconds)*time.Second) {
		return
	}
	successes, failures := int32(0), int32(0)
	var said *bool
	for {
		good, text := once(ctx, spec, wanted, address, pid)
		if ctx.Err() != nil {
			return
		}
		if good {
			successes, failures = successes+1, 0
		} else {
			successes, failures = 0, failures+1
			klog.V(2).InfoS("probe failed", "container", spec.Name, "address", address, "text", text)
		}
		if reached := (good && successes >= wanted.SuccessThreshold) || (!good && failures >= wanted.FailureThreshold); reached {
			if said == nil || *said != good {
				report(good, text)
			}
			said = &good
		}
		interval := time.Duration(wanted.PeriodSeconds) * time.Second
		if said == nil && wanted == spec.ReadinessProbe {
			interval = min(interval, firstInterval)
		}
		if !pause(ctx, interval) {
			return
		}
	}
}

func pause(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

func once(ctx context.Context, spec *v1.Container, wanted *v1.Probe, address string, pid int) (bool, string) {
	timeout := time.Duration(wanted.TimeoutSeconds) * time.Second
	var result probe.Result
	var text string
	var err error
	switch {
	case wanted.HTTPGet != nil:
		request, wrong := httpprobe.NewRequestForHTTPGetAction(wanted.HTTPGet, spec, address, "probe")
		if wrong != nil {
			return false, wrong.Error()
		}
		result, text, err = httpprobe.New(false).Probe(request, timeout)
	case wanted.TCPSocket != nil:
		port, wrong := resolve(spec, wanted.TCPSocket.Port)
		if wrong != nil {
			return false, wrong.Error()
		}
		host := wanted.TCPSocket.Host
		if host == "" {
			host = address
		}
		result, text, err = tcpprobe.New().Probe(host, port, timeout)
	case wanted.GRPC != nil:
		service := ""
		if wanted.GRPC.Service != nil {
			service = *wanted.GRPC.Service
		}
		result, text, err = grpcprobe.New().Probe(address, service, int(wanted.GRPC.Port), timeout)
	case wanted.Exec != nil:
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		output, wrong := enter(limited, pid, wanted.Exec.Command).CombinedOutput()
		if wrong != nil {
			return false, fmt.Sprintf("%v: %s", wrong, output)
		}
		return true, ""
	default:
		return false, "a probe that the rig does not know"
	}
	if err != nil {
		return false, err.Error()
	}
	return result == probe.Success || result == probe.Warning, text
}

func resolve(spec *v1.Container, port intstr.IntOrString) (int, error) {
	if port.Type == intstr.Int {
		return port.IntValue(), nil
	}
	for _, each := range spec.Ports {
		if each.Name == port.StrVal {
			return int(each.ContainerPort), nil
		}
	}
	number, err := strconv.Atoi(port.StrVal)
	if err != nil {
		return 0, fmt.Errorf("container %s has no port %q", spec.Name, port.StrVal)
	}
	return number, nil
}
