/*
 * twostack: a child that runs on a stack makes a child on the same stack.
 *
 *     twostack same    the second child shares the first one's memory
 *     twostack copy    it has a copy of it (no CLONE_VM)
 *     twostack own     it shares the memory, and has a stack of its own
 *
 * A launcher with one static stack does this if its child launches a process,
 * too: both begin at the top of the same stack, so the second child writes over
 * the frames of the first. Here the first frame is full of known words, so that
 * the changed ones can be counted; in a launcher it has return addresses.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 64 * 1024, WORDS = 1024, PATH = 1024 };

/* No pointer has this value, so that every word written to is noticed. */
static const unsigned long MARK = 0xa5a5a5a5;

static _Alignas(16) char stack[STACK_SIZE], other[STACK_SIZE];

/* The second child: builds a path, as execvp(3) does, and ends. */
static int build_path(void *directory)
{
	volatile char path[PATH];

	for (int i = 0; i < PATH; i++)
		path[i] = *(char *)directory;
	return path[0] != '/';
}

static void clone_and_wait(char *top, int flags)
{
	pid_t pid = clone(build_path, top, flags | SIGCHLD, "/");
	int status;

	if (pid == -1)
		err(125, "clone");
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	if (status)
		errx(125, "the second child did not end well");
}

/*
 * Launches the second child, and counts the words of the caller's frame that
 * have changed. Then it exits, because the return address in that frame may
 * have changed, too.
 */
static _Noreturn void launch_from(const volatile unsigned long *frame,
				  const char *mode)
{
	int shared = CLONE_VM | CLONE_VFORK;
	int changed = 0;

	if (strcmp(mode, "own") == 0)
		clone_and_wait(other + STACK_SIZE, shared);
	else
		clone_and_wait(stack + STACK_SIZE,
			       strcmp(mode, "same") ? 0 : shared);
	for (int i = 0; i < WORDS; i++)
		changed += frame[i] != MARK;
	dprintf(STDOUT_FILENO, "%d words of the first child have changed\n",
		changed);
	_exit(0);
}

/*
 * The first child: fills its outermost frame, and launches from a deeper one.
 */
static int child(void *mode)
{
	volatile unsigned long frame[WORDS];

	for (int i = 0; i < WORDS; i++)
		frame[i] = MARK;
	launch_from(frame, mode);
}

int main(int argc, char *argv[])
{
	pid_t pid = clone(child, stack + STACK_SIZE, SIGCHLD,
			  argc == 2 ? argv[1] : "same");
	int status;

	if (pid == -1)
		err(125, "clone");
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	if (WIFSIGNALED(status))
		errx(125, "killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}
