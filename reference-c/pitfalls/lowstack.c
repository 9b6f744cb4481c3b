/*
 * lowstack: a child's stack passed by its low end, as in one of the posts.
 *
 *     lowstack stack     an array of 1024 bytes on the main stack
 *     lowstack static    the same array among the static variables
 *     lowstack vm        on the main stack, shared with the child (CLONE_VM)
 *
 * A stack grows downwards, so the child uses the memory below the array, and
 * never the array itself. The parent has written there before: the C library
 * stores the function of the child below the address that it gets. A program
 * survives this only by accident. The right way is a larger array, passed by
 * its top.
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

enum { STACK_SIZE = 1024, BELOW = 8 };

/* No pointer has this value, so that every word written to is noticed. */
static const unsigned long MARK = 0xa5a5a5a5;

/* An array, and the memory below it. */
struct room {
	unsigned long below[BELOW];
	_Alignas(16) unsigned char stack[STACK_SIZE];
};

/* The child executes a program, which needs more than 1024 bytes of stack. */
static int child(void *argument)
{
	char **command = argument;

	execvp(command[0], command);
	_exit(127);
}

/* Counts the words below the array that have changed. */
static int changed(const struct room *room)
{
	int count = 0;

	for (int i = 0; i < BELOW; i++)
		count += room->below[i] != MARK;
	return count;
}

/* Clones, waits, and prints how the child ended and which words changed. */
static int clone_on(struct room *room, int flags, const char *mode)
{
	/* Not on the stack, where the child would write over its copy. */
	static char *command[] = { "true", NULL };
	pid_t pid;
	int status;

	for (int i = 0; i < BELOW; i++)
		room->below[i] = MARK;
	pid = clone(child, room->stack, flags | SIGCHLD, command);
	if (pid == -1)
		err(1, "clone");
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	printf("%s: the child ", mode);
	if (WIFSIGNALED(status))
		printf("was killed by signal %d", WTERMSIG(status));
	else
		printf("exited with %d", WEXITSTATUS(status));
	printf("; %d words below the array have changed in the parent\n",
	       changed(room));
	return 0;
}

int main(int argc, char *argv[])
{
	static struct room room;
	struct room local;
	const char *mode = argc == 2 ? argv[1] : "stack";

	if (strcmp(mode, "static") == 0)
		return clone_on(&room, 0, mode);
	if (strcmp(mode, "vm") == 0)
		return clone_on(&local, CLONE_VM, mode);
	return clone_on(&local, 0, mode);
}
