/*
 * exit_signal: children whose end is announced by another signal than SIGCHLD,
 * and what wait says of them before and after they exec.
 *
 * exit_signal chld|none|newtime: `newtime` asks for a time namespace, whose
 * flag lies within the eight bits that clone takes for the signal.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static int gate[2];

static int child(void *argument)
{
	char byte;

	(void)argument;
	close(gate[1]);
	if (read(gate[0], &byte, 1) == -1)
		_exit(125);
	execlp("sh", "sh", "-c", "exit 3", NULL);
	_exit(127);
}

static ino_t time_namespace(pid_t pid)
{
	struct stat namespace;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/time", pid);
	return stat(path, &namespace) == -1 ? 0 : namespace.st_ino;
}

static void say(const char *when, pid_t result, const int *status)
{
	if (result == -1)
		printf("%s: %s\n", when, strerror(errno));
	else if (result == 0)
		printf("%s: still running\n", when);
	else
		printf("%s: exit %d\n", when, WEXITSTATUS(*status));
}

int main(int argc, char *argv[])
{
	static _Alignas(16) char stack[1024 * 1024];
	const char *what = argc == 2 ? argv[1] : "chld";
	int flags = SIGCHLD;
	int status = 0;
	pid_t pid;

	if (strcmp(what, "none") == 0)
		flags = 0;
	if (strcmp(what, "newtime") == 0)
		flags = CLONE_NEWTIME | SIGCHLD;
	if (pipe2(gate, O_CLOEXEC) == -1)
		err(125, "pipe2");
	pid = clone(child, stack + sizeof(stack), flags, NULL);
	if (pid == -1)
		err(125, "clone");
	printf("time namespace: %s\n",
	       time_namespace(pid) == time_namespace(getpid()) ? "the old one"
							       : "a new one");
	say("wait before exec", waitpid(pid, &status, WNOHANG), &status);
	close(gate[1]);
	/* __WALL: until it has ended, whatever signal announces its end. */
	while (waitid(P_PID, pid, NULL, WEXITED | WNOWAIT | __WALL) == -1 &&
	       errno == EINTR)
		;
	say("wait after it", waitpid(pid, &status, 0), &status);
	return 0;
}
