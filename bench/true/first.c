/*
 * first: a payload whose first act is to read the clock. What it has read goes
 * to descriptor 9 as a struct timespec, and then it ends as `true` does.
 *
 * The clock is read by a system call, because the vDSO has to be looked for.
 * Where it puts what it reads, below the stack pointer, nothing is in use yet.
 */
#if defined(__x86_64__)
/* clock_gettime(CLOCK_MONOTONIC, ...), write(9, ...), exit_group(0) */
__asm__(".globl _start\n"
	"_start:\n\t"
	"mov $1, %edi\n\t"
	"lea -16(%rsp), %rsi\n\t"
	"mov $228, %eax\n\t"
	"syscall\n\t"
	"mov $9, %edi\n\t"
	"mov $16, %edx\n\t"
	"mov $1, %eax\n\t"
	"syscall\n\t"
	"xor %edi, %edi\n\t"
	"mov $231, %eax\n\t"
	"syscall\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n\t"
	"mov x0, #1\n\t"
	"sub x1, sp, #16\n\t"
	"mov x8, #113\n\t"
	"svc #0\n\t"
	"mov x0, #9\n\t"
	"sub x1, sp, #16\n\t"
	"mov x2, #16\n\t"
	"mov x8, #64\n\t"
	"svc #0\n\t"
	"mov x0, #0\n\t"
	"mov x8, #94\n\t"
	"svc #0\n");
#else
#error "first has to be written for this architecture first"
#endif
