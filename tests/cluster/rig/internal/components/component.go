// Package components runs etcd and the parts of Kubernetes as child processes, and lets tests stop, freeze and start them.
package components

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Component is one program, running or not.
type Component struct {
	Name string
	Path string
	Args []string
	Log  string // what it prints, appended

	lock    sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
}

const stopGrace = 5 * time.Second // then it is killed: nothing it holds outlives the cluster

// Start starts it, if it does not run.
func (c *Component) Start() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.running() {
		return nil
	}
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(c.Path, c.Args...)
	command.Stdout, command.Stderr = log, log
	command.Dir = filepath.Dir(c.Log)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(c.Log)}
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	c.process, c.ended = command, make(chan struct{})
	go func(ended chan struct{}) {
		_ = command.Wait() // how it ended stands in its log
		close(ended)
	}(c.ended)
	return nil
}

// Stop ends it, by force after a while or if it is frozen.
func (c *Component) Stop(force bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if !c.running() {
		return
	}
	if !force {
		_ = c.process.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.ended:
			return
		case <-time.After(stopGrace):
		}
	}
	_ = c.process.Process.Kill()
	<-c.ended
}

// Signal sends a signal: SIGSTOP freezes it with its sockets open, SIGCONT lets it go on.
func (c *Component) Signal(signal syscall.Signal) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if !c.running() {
		return fmt.Errorf("%s does not run", c.Name)
	}
	return c.process.Process.Signal(signal)
}

// Running says whether there is a process, frozen or not.
func (c *Component) Running() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.running()
}

func (c *Component) running() bool {
	if c.process == nil {
		return false
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}
