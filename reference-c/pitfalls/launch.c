/*
 * launch: every way in which C makes a child that becomes a command.
 *
 * launch WAY CMD [ARG...] ends as the command ends: with its status, or 128+n
 * after signal n. It ends with 125 if a call of its own fails.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man3/posix_spawn.3.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { STACK_SIZE = 1024 * 1024 };

static int become(void *argument)
{
	char **command = argument;

	execvp(command[0], command);
	_exit(127);
}

static pid_t clone_with(int flags, char *command[])
{
	static _Alignas(16) char stack[STACK_SIZE];

	return clone(become, stack + STACK_SIZE, flags, command);
}

static pid_t by_clone(char *command[])
{
	return clone_with(SIGCHLD, command);
}

/* The new mounts have the propagation of those they are copies of. */
static pid_t by_clone_newns(char *command[])
{
	return clone_with(CLONE_NEWNS | SIGCHLD, command);
}

/* The child shares the memory, and the parent is suspended. */
static pid_t by_clone_vm(char *command[])
{
	return clone_with(CLONE_VM | CLONE_VFORK | SIGCHLD, command);
}

static pid_t by_fork(char *command[])
{
	pid_t pid = fork();

	if (pid == 0)
		become(command);
	return pid;
}

static pid_t by_posix_spawn(char *command[])
{
	pid_t pid;
	int error =
		posix_spawnp(&pid, command[0], NULL, NULL, command, environ);

	if (error != 0)
		errx(127, "posix_spawnp: %s", strerror(error));
	return pid;
}

/* The pipe is not close-on-exec: the command inherits it. */
static pid_t by_clone_with_pipe(char *command[])
{
	int ends[2];

	if (pipe(ends) == -1)
		err(125, "pipe");
	return by_clone(command);
}

/* The environment that the payload is to have: PAYLOAD_PATH is its PATH. */
static char **with_its_path(void)
{
	const char *path = getenv("PAYLOAD_PATH");

	if (path == NULL)
		errx(125, "PAYLOAD_PATH is not set");
	char **entries = calloc(2, sizeof(*entries));

	if (entries == NULL || asprintf(&entries[0], "PATH=%s", path) == -1)
		err(125, "malloc");
	return entries;
}

static pid_t by_execvpe(char *command[])
{
	char **its = with_its_path();
	pid_t pid = fork();

	if (pid == 0) {
		execvpe(command[0], command, its);
		err(127, "execvpe");
	}
	return pid;
}

static pid_t by_posix_spawn_path(char *command[])
{
	pid_t pid;
	int error = posix_spawnp(&pid, command[0], NULL, NULL, command,
				 with_its_path());

	if (error != 0)
		errx(127, "posix_spawnp: %s", strerror(error));
	return pid;
}

static void *fork_in_a_thread(void *argument)
{
	static pid_t pid;

	pid = by_fork(argument);
	return &pid;
}

/* A thread makes the child, so that there has to be one. */
static pid_t by_thread(char *command[])
{
	pthread_t thread;
	void *pid;
	int error = pthread_create(&thread, NULL, fork_in_a_thread, command);

	if (error != 0)
		errx(125, "pthread_create: %s", strerror(error));
	pthread_join(thread, &pid);
	return *(pid_t *)pid;
}

static const struct {
	const char *name;
	pid_t (*start)(char *command[]);
} ways[] = {
	{ "clone", by_clone },
	{ "clone_newns", by_clone_newns },
	{ "clone_vm", by_clone_vm },
	{ "fork", by_fork },
	{ "pipe", by_clone_with_pipe },
	{ "posix_spawn", by_posix_spawn },
	{ "execvpe_path", by_execvpe },
	{ "posix_spawn_path", by_posix_spawn_path },
	{ "thread", by_thread },
};

int main(int argc, char *argv[])
{
	pid_t pid = -1;
	int status;

	if (argc < 3)
		errx(125, "usage: launch WAY CMD [ARG...]");
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (strcmp(ways[i].name, argv[1]) == 0)
			pid = ways[i].start(argv + 2);
	if (pid == -1)
		err(125, "%s", argv[1]);
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
