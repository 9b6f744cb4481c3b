/*
 * lookup: looks a name up in PATH after the child has got a new root.
 *
 * lookup ROOT NAME: execvp searches below the child's new root.
 * https://man7.org/linux/man-pages/man2/chroot.2.html
 * https://man7.org/linux/man-pages/man3/exec.3.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(void *argument)
{
	char **words = argument;

	if (chroot(words[0]) == -1 || chdir("/") == -1)
		err(125, "chroot %s", words[0]);
	execvp(words[1], words + 1);
	err(127, "execvp %s", words[1]);
}

int main(int argc, char *argv[])
{
	static _Alignas(16) char stack[1024 * 1024];
	int status;

	if (argc != 3)
		errx(125, "usage: lookup ROOT NAME");
	if (clone(child, stack + sizeof(stack), SIGCHLD, argv + 1) == -1)
		err(125, "clone");
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
