/*
 * skeleton: standard input is a directory above the payload's root.
 *
 * Caught by: descriptors.0.leads
 */
#include "skeleton.h"

/* The programs are mounted below the new root, too. */
static void child(void)
{
	int fd = must("open", open("/", O_RDONLY | O_DIRECTORY));

	must("dup2", dup2(fd, 0));
	must("close", close(fd));
	must("chroot", chroot("/nsteps"));
	must("chdir", chdir("/bin"));
}

int main(int argc, char *argv[])
{
	char **command = payload(argc, argv);

	/* Where the new root has the program. */
	if (strncmp(command[0], "/nsteps/", 8) == 0)
		command[0] += 7;
	return clone_and_exec(0, child, command);
}
