/*
 * another_user: a child that becomes another user, and then a command.
 *
 *     another_user setuid ID CMD [ARG...]   the user id alone
 *     another_user ids ID CMD [ARG...]      the group id first, as it must be
 *     another_user groups ID CMD [ARG...]   and the supplementary groups
 *                                           before it
 *
 * It ends as the command ends, and with 125 if a call of its own fails.
 * https://man7.org/linux/man-pages/man2/setuid.2.html
 * https://man7.org/linux/man-pages/man2/setgroups.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *way, unsigned int id, char *command[])
{
	int groups = strcmp(way, "groups") == 0;

	if (groups && setgroups(0, NULL) == -1)
		err(125, "setgroups");
	if ((groups || strcmp(way, "ids") == 0) && setgid(id) == -1)
		err(125, "setgid");
	if (setuid(id) == -1)
		err(125, "setuid");
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

int main(int argc, char *argv[])
{
	int status;
	pid_t pid;

	if (argc < 4)
		errx(125, "usage: another_user WAY ID CMD [ARG...]");
	pid = fork();
	if (pid == -1)
		err(125, "fork");
	if (pid == 0)
		become(argv[1], strtoul(argv[2], NULL, 10), argv + 3);
	if (waitpid(pid, &status, 0) == -1)
		err(125, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
