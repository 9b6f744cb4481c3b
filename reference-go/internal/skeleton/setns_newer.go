// The number of setns wherever syscall has it.

//go:build arm || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x

package skeleton

import "syscall"

// syscall came to this architecture late enough to have the number.
const sysSetns = syscall.SYS_SETNS
