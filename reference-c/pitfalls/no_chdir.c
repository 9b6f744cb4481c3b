/*
 * no_chdir: a new root by pivot_root(2), and no chdir(2) after it.
 *
 * no_chdir ROOT CMD [ARG...]: as Matthew Tejo's program does it. The kernel
 * moves the working directory of a process only if it is the old root itself;
 * any other stays where it was, in the old root, and CMD starts there.
 * https://man7.org/linux/man-pages/man2/pivot_root.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(const char *call, long result)
{
	if (result == -1)
		err(125, "%s", call);
}

static int child(void *argument)
{
	char **words = argument;
	const char *root = words[0];
	char put_old[PATH_MAX];

	snprintf(put_old, sizeof(put_old), "%s/.old", root);
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	must("mkdir", mkdir(put_old, 0700));
	must("pivot_root", syscall(SYS_pivot_root, root, put_old));
	must("umount2", umount2("/.old", MNT_DETACH));
	must("rmdir", rmdir("/.old"));
	execvp(words[1], words + 1);
	err(127, "%s", words[1]);
}

int main(int argc, char *argv[])
{
	static _Alignas(16) char stack[1024 * 1024];
	int status;

	if (argc < 3)
		errx(125, "usage: no_chdir ROOT CMD [ARG...]");
	must("clone", clone(child, stack + sizeof(stack), CLONE_NEWNS | SIGCHLD,
			    argv + 1));
	must("wait", wait(&status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
