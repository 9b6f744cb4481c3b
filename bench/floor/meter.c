/*
 * meter: prints what a program and all children that it waited for have used,
 * as wait4(2) reports it.
 *
 *     meter PROGRAM [ARG...]    prints MINOR-FAULTS MAX-RSS STATUS
 *
 * A program that is executed inherits the largest resident set that its process
 * ever had, and so that of its parent (getrusage(2)). This one has a few pages,
 * so that the measured peak is that of the other program.
 */
#include "kernel.h"

#include <linux/resource.h>

static struct rusage used;

static void child(void *argv)
{
	char *const *words = argv;

	CALL(__NR_execve, words[0], words, environment);
	quit(127);
}

/* Writes a number so that it ends before `end`. Returns where it begins. */
static char *digits(char *end, long value)
{
	do
		*--end = (char)('0' + value % 10);
	while (value /= 10);
	return end;
}

static int program(int argc, char *argv[])
{
	static char stack[4096] __attribute__((aligned(16)));
	char line[80], *at = line + sizeof(line);
	int status = 0;
	long pid, ended;

	if (argc < 2)
		return 125;
	pid = clone_and_run(CLONE_VM | CLONE_VFORK, stack + sizeof(stack),
			    child, argv + 1);
	if (pid < 0)
		return 125;
	do
		ended = CALL(__NR_wait4, pid, &status, 0, &used);
	while (ended == -EINTR);
	if (ended < 0)
		return 125;
	*--at = '\n';
	at = digits(at, status);
	*--at = ' ';
	at = digits(at, used.ru_maxrss);
	*--at = ' ';
	at = digits(at, used.ru_minflt);
	CALL(__NR_write, 1, at, line + sizeof(line) - at);
	return 0;
}
