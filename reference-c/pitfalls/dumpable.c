/*
 * dumpable: what a child that borrows its parent's memory leaves behind there.
 *
 *     dumpable nothing     the child ends at once
 *     dumpable setuid      it gives up root first, as one does before an exec
 *     dumpable setgid      it gives up root's group
 *     dumpable capset      it gives up a capability
 *     dumpable unshare     it enters a user namespace, where it has them all
 *     dumpable copy        setuid by a child with a copy of the memory
 *
 * Prints whether the parent may be dumped and traced (1) or not (0) afterwards;
 * with `hold` behind the way it then waits for the end of its input. The kernel
 * takes that away from the memory of a process when its ids change, and this
 * memory is the parent's.
 * https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <err.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 64 * 1024, OTHER_ID = 1000 };

/* Gives up one capability permanently. */
static int drop_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) == -1)
		return -1;
	data[0].effective &= ~(1u << CAP_SYS_NICE);
	data[0].permitted &= ~(1u << CAP_SYS_NICE);
	return syscall(SYS_capset, &header, data);
}

/*
 * The child: changes what it is told to, and ends. By system calls, because the
 * C library's setuid first looks for the other threads of a process, and here
 * they are the parent's.
 */
static int child(void *argument)
{
	const char *way = argument;
	int done = 0;

	if (strcmp(way, "setuid") == 0 || strcmp(way, "copy") == 0)
		done = syscall(SYS_setuid, OTHER_ID);
	else if (strcmp(way, "setgid") == 0)
		done = syscall(SYS_setgid, OTHER_ID);
	else if (strcmp(way, "capset") == 0)
		done = drop_capability();
	else if (strcmp(way, "unshare") == 0)
		done = unshare(CLONE_NEWUSER);
	return done == -1;
}

int main(int argc, char *argv[])
{
	static _Alignas(16) char stack[STACK_SIZE];
	char *way = argc > 1 ? argv[1] : "nothing";
	int flags = strcmp(way, "copy") ? CLONE_VM | CLONE_VFORK : 0;
	int status;
	pid_t pid;

	pid = clone(child, stack + sizeof(stack), flags | SIGCHLD, way);
	if (pid == -1)
		err(125, "clone");
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	if (status)
		errx(125, "the child could not %s", way);
	printf("%d\n", prctl(PR_GET_DUMPABLE));
	fflush(stdout);
	if (argc > 2)
		getchar();
	return 0;
}
