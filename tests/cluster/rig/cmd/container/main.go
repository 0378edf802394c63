// Becomes a container: started by the kubelet in new mount, process, host name and IPC namespaces, it enters the pod's
// network namespace, builds the container's view of the file system, gives up privileges and executes the command.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sallygate.test/rig/internal/sandbox"
)

// What a shell answers when a command cannot be executed, so that a test sees the usual exit code.
const cannotExecute = 127

func main() {
	runtime.LockOSThread() // namespaces and capabilities are a thread's own; exec keeps those of the calling one
	if err := become(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "container:", err)
		os.Exit(cannotExecute)
	}
}

func become(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var specification sandbox.Specification
	if err := json.Unmarshal(text, &specification); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := unix.Setns(sandbox.NetworkDescriptor, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	if err := unix.Close(sandbox.NetworkDescriptor); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(specification.Hostname)); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := root(specification); err != nil {
		return err
	}
	if err := os.Chdir(specification.Directory); err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	if err := lower(specification); err != nil {
		return fmt.Errorf("privileges: %w", err)
	}
	program, err := find(specification)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", program, syscall.Exec(program, specification.Command, specification.Environment))
}

// find looks for the command on the container's own PATH.
func find(specification sandbox.Specification) (string, error) {
	for _, row := range specification.Environment {
		if value, ok := strings.CutPrefix(row, "PATH="); ok {
			os.Setenv("PATH", value)
		}
	}
	return exec.LookPath(specification.Command[0])
}
