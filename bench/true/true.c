/*
 * true: the payload of every launch that is timed, and the cheapest there is:
 * three instructions, so that what is timed is the launcher.
 */
#include <sys/syscall.h>

#define STRING_(token) #token
#define STRING(token) STRING_(token)

#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %edi, %edi\n\t"
	"mov $" STRING(__NR_exit_group) ", %eax\n\t"
					"syscall\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n\t"
	"mov x0, #0\n\t"
	"mov x8, #" STRING(__NR_exit_group) "\n\t"
					    "svc #0\n");
#else
#error "true has to be written for this architecture first"
#endif
