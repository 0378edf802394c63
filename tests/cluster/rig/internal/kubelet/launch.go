package kubelet

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"sallygate.test/rig/internal/sandbox"
)

// start runs the container. An error comes with the reason that its status gives for waiting.
func (c *container) start() (string, error) {
	image, err := c.worker.kubelet.images.Find(c.spec.Image)
	if err != nil {
		return "ErrImageNeverPull", err
	}
	values, err := c.worker.environment(c.spec, image)
	if err != nil {
		return "CreateContainerConfigError", err
	}
	specification := sandbox.Specification{
		Command: command(c.spec, image, values), Hostname: c.worker.hostname(), Address: c.worker.address.String(),
		Directory: c.spec.WorkingDir, Readable: image.Folders,
	}
	if specification.Directory == "" {
		specification.Directory = "/"
	}
	for name, value := range values {
		specification.Environment = append(specification.Environment, name+"="+value)
	}
	sort.Strings(specification.Environment)
	if specification.Mounts, err = c.mounts(); err != nil {
		return "CreateContainerConfigError", err
	}
	if err := c.secure(&specification); err != nil {
		return "CreateContainerConfigError", err
	}
	run, err := c.launch(specification)
	if err != nil {
		return "RunContainerError", err
	}
	c.began(run)
	return "", nil
}

func (c *container) launch(specification sandbox.Specification) (*process, error) {
	folder := c.worker.folder("containers", c.spec.Name)
	specification.Scratch = filepath.Join(folder, "scratch")
	if err := os.MkdirAll(specification.Scratch, 0o755); err != nil {
		return nil, err
	}
	text, err := json.Marshal(specification)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "specification.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	attempt := c.restarts
	if c.state.Terminated != nil {
		attempt++
	}
	run := &process{log: c.logFile(attempt), begun: time.Now()}
	log, err := newLog(run.log)
	if err != nil {
		return nil, err
	}
	space, err := c.namespace()
	if err != nil {
		return nil, err
	}
	defer space.Close()
	run.command = exec.Command(c.worker.kubelet.launcher, file)
	run.command.Env = []string{}
	run.command.ExtraFiles = []*os.File{space} // sandbox.NetworkDescriptor
	run.command.Stdout, run.command.Stderr = log.stream("stdout"), log.stream("stderr")
	run.command.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	if err := run.command.Start(); err != nil {
		log.close()
		return nil, err
	}
	go func() {
		_ = run.command.Wait() // its end is in ProcessState
		log.close()
		c.worker.send(func() { c.ended(run) })
	}()
	return run, nil
}

// namespace is a handle on the pod's network.
func (c *container) namespace() (*os.File, error) {
	if c.worker.network == nil {
		return os.Open("/proc/self/ns/net")
	}
	copied, err := syscall.Dup(int(c.worker.network.Namespace))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), "network"), nil
}

func (c *container) logFile(attempt int32) string {
	return c.worker.folder("containers", c.spec.Name, "log", strconv.Itoa(int(attempt)))
}

func (c *container) mounts() ([]sandbox.Mount, error) {
	var mounts []sandbox.Mount
	for _, mount := range c.spec.VolumeMounts {
		source := c.worker.folder("volumes", mount.Name)
		for index := range c.worker.pod.Spec.Volumes {
			if volume := &c.worker.pod.Spec.Volumes[index]; volume.Name == mount.Name && volume.HostPath != nil {
				source = volume.HostPath.Path
			}
		}
		if mount.SubPathExpr != "" {
			return nil, fmt.Errorf("mount %s: the rig has no subPathExpr", mount.MountPath)
		}
		if mount.SubPath != "" {
			source = filepath.Join(source, mount.SubPath)
			if _, err := os.Stat(source); os.IsNotExist(err) {
				if err := os.MkdirAll(source, 0o777); err != nil {
					return nil, err
				}
			}
		}
		mounts = append(mounts, sandbox.Mount{Source: source, Target: mount.MountPath, ReadOnly: mount.ReadOnly})
	}
	return mounts, nil
}

// secure applies what the rig honours of the security contexts: user, groups, a read-only root, dropping all
// capabilities, no new privileges.
func (c *container) secure(specification *sandbox.Specification) error {
	pod, own := c.worker.pod.Spec.SecurityContext, c.spec.SecurityContext
	if pod == nil {
		pod = &v1.PodSecurityContext{}
	}
	if own == nil {
		own = &v1.SecurityContext{}
	}
	first := func(values ...*int64) int {
		for _, value := range values {
			if value != nil {
				return int(*value)
			}
		}
		return 0
	}
	specification.User = first(own.RunAsUser, pod.RunAsUser)
	specification.Group = first(own.RunAsGroup, pod.RunAsGroup)
	for _, group := range pod.SupplementalGroups {
		specification.Groups = append(specification.Groups, int(group))
	}
	if pod.FSGroup != nil {
		specification.Groups = append(specification.Groups, int(*pod.FSGroup))
	}
	yes := func(value *bool) bool { return value != nil && *value }
	if specification.User == 0 && (yes(own.RunAsNonRoot) || (own.RunAsNonRoot == nil && yes(pod.RunAsNonRoot))) {
		return fmt.Errorf("runAsNonRoot is set, and no runAsUser: images of the rig run as root")
	}
	specification.ReadOnly = yes(own.ReadOnlyRootFilesystem)
	specification.NoNewPrivileges = own.AllowPrivilegeEscalation != nil && !*own.AllowPrivilegeEscalation
	if own.Capabilities != nil {
		for _, name := range own.Capabilities.Drop {
			specification.DropCapabilities = specification.DropCapabilities || name == "ALL"
		}
	}
	klog.V(2).InfoS("container starts", "pod", c.worker.name, "container", c.spec.Name, "command", specification.Command)
	return nil
}
