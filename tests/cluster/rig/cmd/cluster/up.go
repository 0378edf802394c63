package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"sallygate.test/rig/internal/network"
	"sallygate.test/rig/internal/plan"
)

// State is what others need to know of a running cluster, as a JSON file.
type State struct {
	PID           int    `json:"pid"` // of the process that everything else ends with
	Digest        string `json:"digest"`
	Kubeconfig    string `json:"kubeconfig"`
	Link          string `json:"link"`
	Node          string `json:"node"`
	Host          string `json:"host"`
	LoadBalancers string `json:"load_balancers"`
	Pods          string `json:"pods"`
	Services      string `json:"services"`
}

// Descriptors that the cluster is started with.
const (
	addressesDescriptor = 3 // it reads its slot
	readyDescriptor     = 4 // it writes one line: ready, or what went wrong
)

const readyWord = "ready"

// up starts the cluster in namespaces of its own: the first process of a process namespace takes all others with it,
// however it ends, and the last process of a network namespace takes the links.
func up(configuration plan.Configuration, path string) error {
	log, err := os.OpenFile(configuration.File("cluster.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	slotReader, slotWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	readyReader, readyWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	command := exec.Command("/proc/self/exe", "run", path)
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{slotReader, readyWriter}
	command.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID |
			syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	if err := command.Start(); err != nil {
		return err
	}
	_ = slotReader.Close()
	_ = readyWriter.Close()
	err = introduce(configuration, command.Process.Pid, slotWriter)
	if err == nil {
		var line string
		line, err = bufio.NewReader(readyReader).ReadString('\n')
		switch line = strings.TrimSpace(line); {
		case line == readyWord:
			return nil
		case line != "":
			err = errors.New(line)
		case errors.Is(err, io.EOF):
			err = fmt.Errorf("it ended while starting: %s says why", log.Name())
		}
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	return err
}

func introduce(configuration plan.Configuration, pid int, slot io.WriteCloser) error {
	defer slot.Close()
	state := State{PID: pid, Digest: configuration.Digest, Kubeconfig: configuration.Kubeconfig()}
	if err := write(configuration, state); err != nil { // first of all: who starts next can end this one
		return err
	}
	addresses, err := network.Join(pid)
	if err != nil {
		return err
	}
	state.Link = addresses.HostLink()
	state.Node, state.Host = addresses.Node().String(), addresses.Host().String()
	state.LoadBalancers, state.Pods = addresses.LoadBalancers().String(), addresses.Pods().String()
	state.Services = addresses.Services().String()
	if err := write(configuration, state); err != nil {
		return err
	}
	return json.NewEncoder(slot).Encode(addresses)
}

func write(configuration plan.Configuration, state State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return os.WriteFile(configuration.State(), text, 0o644)
}
