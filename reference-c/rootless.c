/*
 * rootless: the container of an ordinary user.
 *
 * Beyond the posts. The user namespace comes first, because it owns the others
 * and gives the right to make them.
 * https://man7.org/linux/man-pages/man2/pipe.2.html
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 * https://man7.org/linux/man-pages/man2/fork.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man2/wait.2.html
 * https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;
static const char *root;
static char **command;

/* The pipe on which the child waits until the parent has written the maps. */
static int mapped[2];

/*
 * Init: PID 1, child of the child. It sets up the container, waits for every
 * process in it, and ends when it has no child left. It mounts its /proc while
 * the old root is still attached: in a user namespace the kernel allows a new
 * procfs only beside one that is fully visible.
 */
static void init(void)
{
	must("sethostname", sethostname("doqueru", 7));
	enter_new_root(root, fill_dev);
	bring_lo_up();

	if (must("fork", fork()) == 0)
		exec_payload(command);
	while (wait(NULL) != -1)
		;
}

/*
 * The child: in the new user namespace. It waits until it is root, unshares the
 * rest as the launcher of `container` does, and ends with init.
 */
static void child(void)
{
	char word;

	/* The other copy is the parent's: if that ends, so does the wait. */
	close(mapped[1]);
	if (must("read", read(mapped[0], &word, 1)) != 1)
		_exit(1);
	_exit(unshare_and_init(flags, init));
}

/* The parent: writes the maps from outside, wakes the child, ends with it. */
int main(int argc, char *argv[])
{
	pid_t pid;

	root = new_root(argc, argv);
	command = argv + 2;
	must("pipe2", pipe2(mapped, O_CLOEXEC));
	pid = must("clone", clone_child(CLONE_NEWUSER, child, command));
	map_root(pid);
	must("write", write(mapped[1], "m", 1));
	return wait_for(pid);
}
