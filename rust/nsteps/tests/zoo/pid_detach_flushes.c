/*
 * pid_detach:order: what is printed first arrives first, as it does not
 * in the post.
 *
 * Caught by: stdout
 */
#include "skeleton.h"

static void child(void)
{
	must("umount2", umount2("/proc", MNT_DETACH));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	printf("starting...\n");
	fflush(stdout);
	return clone_and_exec(CLONE_NEWPID | CLONE_NEWNS, child,
			      payload(argc, argv));
}
