package main

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"sallygate.test/rig/internal/sandbox"
)

const lastCapability = 40 // CAP_CHECKPOINT_RESTORE

// lower gives up what the container must not have: capabilities, groups, the user. All of this thread only: exec ends
// the others.
func lower(specification sandbox.Specification) error {
	if specification.DropCapabilities {
		for capability := range lastCapability + 1 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); err != nil && err != unix.EINVAL {
				return err
			}
		}
	}
	if err := setGroups(specification.Groups); err != nil {
		return err
	}
	group, user := uintptr(specification.Group), uintptr(specification.User)
	if _, _, err := unix.RawSyscall(unix.SYS_SETRESGID, group, group, group); err != 0 {
		return err
	}
	if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, user, user, user); err != 0 {
		return err
	}
	if specification.NoNewPrivileges {
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	}
	return nil
}

func setGroups(groups []int) error {
	numbers := make([]uint32, len(groups)+1) // one more, so that there is a first element to point at
	for index, group := range groups {
		numbers[index] = uint32(group)
	}
	_, _, err := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&numbers[0])), 0)
	if err != 0 {
		return err
	}
	return nil
}
