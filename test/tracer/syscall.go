package tracer

import (
	"syscall"
	"unsafe"
)

// syscallInfo is struct ptrace_syscall_info (ptrace(2)); unlike the registers
// it is the same on all machines.
type syscallInfo struct {
	op      uint8
	_       [3]byte
	arch    uint32
	ip, sp  uint64
	number  uint64
	args    [6]uint64
	seccomp uint64
}

const (
	getSyscallInfo = 0x420e // PTRACE_GET_SYSCALL_INFO
	opEntry        = 1      // PTRACE_SYSCALL_INFO_ENTRY
	opSeccomp      = 3      // PTRACE_SYSCALL_INFO_SECCOMP
)

// Call is a system call that a stopped thread is about to make.
type Call struct {
	Number uint64
	Args   [6]uint64
}

// Entered is the call at the beginning of which a thread has stopped; false
// when it has stopped elsewhere.
func Entered(thread int) (Call, bool) {
	info, ok := ask(thread)
	return Call{info.number, info.args}, ok && (info.op == opEntry || info.op == opSeccomp)
}

// Stack is the stack pointer of a stopped thread.
func Stack(thread int) (pointer uintptr, ok bool) {
	info, ok := ask(thread)
	return uintptr(info.sp), ok
}

func ask(thread int) (info syscallInfo, ok bool) {
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	return info, errno == 0
}
