package main

import (
	"encoding/binary"
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tailrace/tailrace/test/tracer"
)

// giveAway has every reading of CLOCK_REALTIME by the thread, and by what it
// starts from now on, stop for a tracer. Where there is none, it fails.
func giveAway() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// Offsets in struct seccomp_data (seccomp(2)), for little-endian machines.
	const number, firstArgument = 0, 16
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	unless := func(value uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: skip, K: value}
	}
	result := func(action uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
	}
	filter := []unix.SockFilter{
		load(number), unless(unix.SYS_CLOCK_GETTIME, 3),
		load(firstArgument), unless(unix.CLOCK_REALTIME, 1),
		result(unix.SECCOMP_RET_TRACE), result(unix.SECCOMP_RET_ALLOW),
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

const (
	word = unsafe.Sizeof(uintptr(0))
	// Types of the auxiliary vector (getauxval(3)).
	end, ignore, sharedPage = 0, 1, 33
)

// hideSharedPage takes the address of the kernel's shared page off what a new
// program finds on its stack: the number of arguments, the arguments and a
// zero, the environment and a zero, and pairs of a type and a value.
func hideSharedPage(thread int) error {
	at, ok := tracer.Stack(thread)
	if !ok {
		return errors.New("the stack of a new program is not to be found")
	}
	at += word
	for range 2 {
		for value := uintptr(1); value != 0; at += word {
			var err error
			if value, err = peek(thread, at); err != nil {
				return err
			}
		}
	}
	for ; ; at += 2 * word {
		switch kind, err := peek(thread, at); {
		case err != nil || kind == end:
			return err
		case kind == sharedPage:
			return poke(thread, at, ignore)
		}
	}
}

func peek(thread int, at uintptr) (uintptr, error) {
	var b [word]byte
	_, err := syscall.PtracePeekData(thread, at, b[:])
	return uintptr(binary.NativeEndian.Uint64(b[:])), err
}

func poke(thread int, at, value uintptr) error {
	var b [word]byte
	binary.NativeEndian.PutUint64(b[:], uint64(value))
	_, err := syscall.PtracePokeData(thread, at, b[:])
	return err
}
