/*
 * user_mapped: root inside, which is the caller outside.
 *
 * Follows JD, whose post announces the id map and does not print it.
 * https://man7.org/linux/man-pages/man2/pipe.2.html
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWUSER;

/* The pipe on which the child waits until the parent has written the maps. */
static int mapped[2];

/*
 * The child: waits until it is root, becomes the payload and ends with it. An
 * exec before the maps are there would cost it all capabilities.
 */
static void child(void)
{
	char word;

	/* The other copy is the parent's: if that ends, so does the wait. */
	close(mapped[1]);
	if (must("read", read(mapped[0], &word, 1)) != 1)
		_exit(1);
}

/*
 * The parent: stays outside, because there it has the right to write the maps;
 * wakes the child by the pipe, waits for it and ends with it.
 */
int main(int argc, char *argv[])
{
	char **command = payload(argc, argv);
	pid_t pid;

	must("pipe2", pipe2(mapped, O_CLOEXEC));
	pid = must("clone", clone_child(flags, child, command));
	map_root(pid);
	must("write", write(mapped[1], "m", 1));
	return wait_for(pid);
}
