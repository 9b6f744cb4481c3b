// The number of setns on 386.

package skeleton

// syscall was frozen for this architecture before it had the number.
const sysSetns = 346
