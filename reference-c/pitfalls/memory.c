/*
 * memory: how long the call takes that makes a child, by each way, while the
 * parent holds so much memory.
 *
 * memory MIB prints microseconds, the least of a few attempts.
 * https://man7.org/linux/man-pages/man2/vfork.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 5 };

extern char **environ;

static char *command[] = { "true", NULL };

static int become(void *argument)
{
	(void)argument;
	execvp(command[0], command);
	_exit(127);
}

static pid_t clone_with(int flags)
{
	static _Alignas(16) char stack[1024 * 1024];

	return clone(become, stack + sizeof(stack), flags | SIGCHLD, NULL);
}

static pid_t by_clone(void)
{
	return clone_with(0);
}

static pid_t by_clone_vm(void)
{
	return clone_with(CLONE_VM | CLONE_VFORK);
}

static pid_t by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		become(NULL);
	return pid;
}

static pid_t by_posix_spawn(void)
{
	pid_t pid;

	if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) != 0)
		return -1;
	return pid;
}

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void measure(const char *way, pid_t (*start)(void))
{
	long least = -1;

	for (int i = 0; i < ATTEMPTS; i++) {
		long before = microseconds();
		pid_t pid = start();
		long took = microseconds() - before;

		if (pid == -1)
			err(125, "%s", way);
		waitpid(pid, NULL, 0);
		if (least == -1 || took < least)
			least = took;
	}
	printf("%s %ld\n", way, least);
}

int main(int argc, char *argv[])
{
	size_t size = argc == 2 ? strtoul(argv[1], NULL, 10) << 20 : 0;

	if (size > 0) {
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			err(125, "mmap");
		/*
		 * Huge pages have small page tables, on machines that have huge
		 * pages.
		 */
		madvise(memory, size, MADV_NOHUGEPAGE);
		for (size_t at = 0; at < size; at += 4096)
			memory[at] = 1;
	}
	measure("clone", by_clone);
	measure("clone_vm", by_clone_vm);
	measure("fork", by_fork);
	measure("posix_spawn", by_posix_spawn);
	return 0;
}
