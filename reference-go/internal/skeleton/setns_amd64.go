// The number of setns on amd64.

package skeleton

// syscall was frozen for this architecture before it had the number.
const sysSetns = 308
