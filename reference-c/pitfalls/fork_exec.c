/*
 * fork_exec: what fork(2) and exec(3) return.
 *
 *     fork_exec fork                 a line by each of the two processes
 *     fork_exec exec CMD [ARG...]    a line before, and one if exec returns
 *
 * https://man7.org/linux/man-pages/man2/fork.2.html
 * https://man7.org/linux/man-pages/man3/exec.3.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	/* Nothing may wait in a buffer, of which fork would make two. */
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 2 && strcmp(argv[1], "exec") == 0) {
		printf("before exec, pid %d\n", (int)getpid());
		execvp(argv[2], argv + 2);
		printf("exec returned: %s\n", strerror(errno));
		return 0;
	}
	pid_t pid = fork();

	if (pid == -1)
		err(125, "fork");
	/* The parent speaks second. */
	if (pid > 0 && waitpid(pid, NULL, 0) == -1)
		err(125, "waitpid");
	printf("pid %d: fork returned %d\n", (int)getpid(), (int)pid);
	return 0;
}
