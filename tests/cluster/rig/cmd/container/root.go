package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"

	"sallygate.test/rig/internal/sandbox"
)

// The machine's own file system is every image: a container sees it copy-on-write, so that what it writes is its own,
// and its mounts may be anywhere. /tmp, /run and /dev/shm start empty, as they do in an image.
func root(specification sandbox.Specification) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	scratch := specification.Scratch
	if err := unix.Mount("tmpfs", scratch, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("scratch %s: %w", scratch, err)
	}
	upper, work, merged := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work"), filepath.Join(scratch, "root")
	for _, folder := range []string{upper, work, merged} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=/,upperdir=%s,workdir=%s", upper, work)
	if err := unix.Mount("overlay", merged, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay of /: %w", err)
	}
	if err := files(merged, specification); err != nil {
		return err
	}
	if err := readable(merged, specification.Readable); err != nil {
		return err
	}
	kept, err := keep(merged, specification.Readable)
	if err != nil {
		return err
	}
	if err := submounts(merged); err != nil {
		return err
	}
	// A parent before what is mounted inside it.
	mounts := append([]sandbox.Mount(nil), specification.Mounts...)
	sort.SliceStable(mounts, func(a, b int) bool { return len(mounts[a].Target) < len(mounts[b].Target) })
	for _, mount := range mounts {
		if err := bind(merged, mount); err != nil {
			return fmt.Errorf("mount %s: %w", mount.Target, err)
		}
	}
	// Over the container's own mounts: /tmp may be a volume of the pod, and the image be below it.
	for target, descriptor := range kept {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", descriptor), target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("folder %s: %w", target, err)
		}
	}
	if specification.ReadOnly {
		if err := unix.Mount("", merged, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("read-only root: %w", err)
		}
	}
	if err := os.Chdir(merged); err != nil {
		return err
	}
	// The old root ends up under the new one, and is taken away.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("old root: %w", err)
	}
	return os.Chdir("/")
}

// keep opens the folders of a container's image that lie where the rest starts empty, so that they can be shown again.
func keep(merged string, folders []string) (map[string]int, error) {
	kept := map[string]int{}
	for _, folder := range folders {
		if shown(filepath.Clean(folder)) {
			continue
		}
		descriptor, err := unix.Open(filepath.Join(merged, folder), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", folder, err)
		}
		kept[filepath.Join(merged, folder)] = descriptor
	}
	return kept, nil
}

// An overlay shows one file system. What else the machine has mounted (separate user folders, say) is bound into it.
func submounts(merged string) error {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 3 || !shown(fields[1]) {
			continue
		}
		target := filepath.Join(merged, fields[1])
		if _, err := os.Stat(target); err != nil {
			continue // hidden below another mount
		}
		if err := unix.Mount(fields[1], target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", fields[1], err)
		}
	}
	for _, each := range []struct{ target, kind, options string }{
		{"/proc", "proc", ""},
		{"/tmp", "tmpfs", "mode=1777"},
		{"/run", "tmpfs", "mode=755"},
		{"/dev/shm", "tmpfs", "mode=1777"},
	} {
		if err := unix.Mount(each.kind, filepath.Join(merged, each.target), each.kind, 0, each.options); err != nil {
			return fmt.Errorf("mount %s: %w", each.target, err)
		}
	}
	return nil
}

func shown(path string) bool {
	for _, own := range []string{"/proc", "/tmp", "/run", "/dev/shm", "/dev/pts", "/sys/fs"} {
		if path == own || strings.HasPrefix(path, own+"/") {
			return false
		}
	}
	return path != "/"
}

// files that differ from pod to pod.
func files(merged string, specification sandbox.Specification) error {
	hosts := fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", specification.Address, specification.Hostname)
	for name, text := range map[string]string{"hosts": hosts, "hostname": specification.Hostname + "\n", "resolv.conf": ""} {
		path := filepath.Join(merged, "etc", name)
		_ = os.Remove(path) // it may be a link
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readable lets any user of the container reach and read folders, whatever they allow on the machine.
func readable(merged string, folders []string) error {
	for _, folder := range folders {
		for path := filepath.Clean(folder); path != "/"; path = filepath.Dir(path) {
			inside := filepath.Join(merged, path)
			information, err := os.Stat(inside)
			if err != nil {
				return err
			}
			if mode := information.Mode().Perm(); mode&0o005 != 0o005 {
				if err := os.Chmod(inside, mode|0o055); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func bind(merged string, mount sandbox.Mount) error {
	target, err := inside(merged, mount.Target)
	if err != nil {
		return err
	}
	information, err := os.Stat(mount.Source)
	if err != nil {
		return err
	}
	if information.IsDir() {
		err = os.MkdirAll(target, 0o755)
	} else if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
		var file *os.File
		if file, err = os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644); err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(mount.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if mount.ReadOnly {
		return unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}
	return nil
}
