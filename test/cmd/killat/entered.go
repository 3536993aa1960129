package main

import (
	"math"
	"syscall"
	"unsafe"
)

// syscallInfo is the head of struct ptrace_syscall_info (ptrace(2)); unlike
// the registers it is the same on all machines.
type syscallInfo struct {
	op      uint8
	_       [3]byte
	arch    uint32
	ip, sp  uint64
	number  uint64
	argsEtc [7]uint64
}

const (
	getSyscallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO
	opEntry        = 1      // PTRACE_SYSCALL_INFO_ENTRY
	noCall         = math.MaxUint64
)

// entered is the number of the system call that a stopped thread is about to
// make, or noCall.
func entered(thread int) uint64 {
	var info syscallInfo
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || info.op != opEntry {
		return noCall
	}
	return info.number
}
