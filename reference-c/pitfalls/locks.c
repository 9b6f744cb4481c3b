/*
 * locks: children that want a lock which another thread held when they were
 * made, and which no thread is left to release.
 *
 * locks malloc|stdout clone|fork CHILDREN
 * fork makes the locks of the C library good in its child; clone cannot.
 * https://man7.org/linux/man-pages/man7/signal-safety.7.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * A child has almost nothing to do, and needs less than a second on any
 * machine.
 */
enum { THREADS = 3, SECONDS = 1 };

/* A thread may take a smaller size from its cache, without a lock. */
enum { BEYOND_CACHES = 4096 };

static void use_malloc(void)
{
	/* volatile, or the compiler removes memory that is not used. */
	void *volatile memory = malloc(BEYOND_CACHES);

	free(memory);
}

static void use_stdout(void)
{
	flockfile(stdout);
	funlockfile(stdout);
}

static void (*use)(void);

/* SIGCHLD, which stays blocked: the wait for a child takes it. */
static sigset_t chld;

static void *use_for_ever(void *argument)
{
	for (;;)
		use();
	return argument;
}

static int child(void *argument)
{
	(void)argument;
	use();
	_exit(0);
}

static pid_t start(int by_clone)
{
	static _Alignas(16) char stack[1024 * 1024];
	pid_t pid;

	if (by_clone)
		return clone(child, stack + sizeof(stack), SIGCHLD, NULL);
	pid = fork();
	if (pid == 0)
		child(NULL);
	return pid;
}

/* Whether the child has ended in time; if not, it is killed. */
static int has_ended(pid_t pid)
{
	static const struct timespec bound = { .tv_sec = SECONDS };
	int ended = sigtimedwait(&chld, NULL, &bound) == SIGCHLD;

	if (!ended)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ended;
}

int main(int argc, char *argv[])
{
	int children;

	if (argc != 4)
		errx(125, "usage: locks malloc|stdout clone|fork CHILDREN");
	use = strcmp(argv[1], "malloc") == 0 ? use_malloc : use_stdout;
	children = atoi(argv[3]);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
#ifdef __GLIBC__
	/*
	 * All threads use one arena, and so one lock, as on a machine with more
	 * threads.
	 */
	mallopt(M_ARENA_MAX, 1);
#endif
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, use_for_ever, NULL);
	}
	for (int i = 1; i <= children; i++) {
		pid_t pid = start(strcmp(argv[2], "clone") == 0);

		if (pid == -1)
			err(125, "%s", argv[2]);
		if (!has_ended(pid)) {
			dprintf(1, "child %d hung\n", i);
			_exit(0);
		}
	}
	dprintf(1, "%d children, none hung\n", children);
	_exit(0);
}
