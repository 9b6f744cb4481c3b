/*
 * kernel.h: system calls, a clock and an entry point: all that a program
 * without a C library needs, on x86-64.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <elf.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

enum { SIGKILL = 9, SIGCHLD = 17, MNT_DETACH = 2, EINTR = 4 };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What execve(2) hands on untouched. */
static char **environment;

/*
 * Makes one system call: its value is the result, or a negative error number.
 * The kernel takes whatever fits in a register, so callers need no casts.
 */
#define CALL(number, ...) CALL_(number, ##__VA_ARGS__, 0L, 0L, 0L, 0L, 0L, 0L)
#define CALL_(number, a, b, c, d, e, f, ...)                                   \
	kernel(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),  \
	       (long)(f))

static inline long kernel(long number, long a, long b, long c, long d, long e,
			  long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline _Noreturn void quit(int status)
{
	for (;;)
		CALL(__NR_exit_group, status);
}

/*
 * clone(2) with CLONE_VM and CLONE_VFORK: the child runs on `stack` in the
 * caller's memory, and never returns; meanwhile the caller is suspended.
 *
 * The child's first call is made in assembly because its stack is empty: it has
 * no frame to return to from a function in C.
 */
static inline long clone_and_run(unsigned long flags, void *stack,
				 void (*child)(void *), void *argument)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	register void (*r12)(void *) __asm__("r12") = child;
	register void *r13 __asm__("r13") = argument;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(__NR_clone), "D"(flags | SIGCHLD), "S"(stack),
			   "d"(0), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

/*
 * Waits for one child. Returns its status as wait4(2) has it, or an error
 * number.
 */
static inline int wait_for(long pid)
{
	int status = 0;
	long ended;

	do
		ended = CALL(__NR_wait4, pid, &status, 0, 0);
	while (ended == -EINTR);
	return ended < 0 ? (int)ended : status;
}

static inline size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static inline int same(const char *one, const char *other)
{
	while (*one && *one == *other) {
		one++;
		other++;
	}
	return *one == *other;
}

/*
 * The identity of the file that a path names: device and inode, from statx(2).
 */
struct identity {
	uint32_t major, minor;
	uint64_t inode;
};

static inline long identify(const char *path, struct identity *identity)
{
	struct statx seen;
	long failed = CALL(__NR_statx, AT_FDCWD, path, 0, STATX_INO, &seen);

	if (failed)
		return failed;
	identity->major = seen.stx_dev_major;
	identity->minor = seen.stx_dev_minor;
	identity->inode = seen.stx_ino;
	return 0;
}

static inline int identical(const struct identity *one,
			    const struct identity *other)
{
	return one->inode == other->inode && one->major == other->major &&
	       one->minor == other->minor;
}

/* A compiler without a C library still expects these two of it. */
void *memset(void *to, int byte, size_t n)
{
	char *at = to;

	while (n--) {
		*at++ = byte;
		__asm__ volatile("");
	}
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *at = to;
	const char *source = from;

	while (n--) {
		*at++ = *source++;
		__asm__ volatile("");
	}
	return to;
}

/* The main function of the including file. Its result is the exit status. */
static int program(int argc, char *argv[]);

/*
 * The kernel's stack at start: argc, argv, NULL, the environment, NULL, the
 * auxiliary vector.
 */
_Noreturn __attribute__((used)) static void begin(long *stack)
{
	char **argv = (char **)(stack + 1);

	environment = argv + *stack + 1;
	quit(program((int)*stack, argv));
}

__asm__(".globl _start\n"
	"_start:\n\t"
	"xor %ebp, %ebp\n\t"
	"mov %rsp, %rdi\n\t"
	"and $-16, %rsp\n\t"
	"call begin\n\t"
	"hlt\n");

#endif
