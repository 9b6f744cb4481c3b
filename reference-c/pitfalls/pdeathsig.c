/*
 * pdeathsig: a child that asked to be killed with its parent, and whose parent
 * was a thread.
 *
 * pdeathsig main|thread: which thread makes the child; `thread` ends at once.
 * https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Long enough for a thread to end; no process waits for a killed child. */
static const char *seconds = "0.3";

static void *start(void *pid)
{
	int ready[2];
	char byte;

	if (pipe(ready) == -1)
		err(125, "pipe");
	*(pid_t *)pid = fork();
	if (*(pid_t *)pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		close(ready[1]);
		execlp("sleep", "sleep", seconds, NULL);
		_exit(127);
	}
	/* The end of the file: the child has called prctl. */
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 0)
		err(125, "read");
	return NULL;
}

int main(int argc, char *argv[])
{
	pthread_t thread;
	int status;
	pid_t pid;

	if (argc == 2 && strcmp(argv[1], "thread") == 0) {
		seconds = "5";
		pthread_create(&thread, NULL, start, &pid);
		pthread_join(thread, NULL);
	} else {
		start(&pid);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	puts(WIFSIGNALED(status) ? "killed" : "lived");
	return 0;
}
