// The number of setns on architectures for which syscall has it.

//go:build arm || arm64 || loong64 || ppc64 || ppc64le || riscv64 || s390x

package skeleton

import "syscall"

// syscall was made for this architecture after setns, so it has the number.
const sysSetns = syscall.SYS_SETNS
