/*
 * container: an init, its payload and a root directory, apart from the rest.
 *
 * Follows all five posts, which aim at this: unshare_init and pivot_root, and
 * lo brought up.
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 * https://man7.org/linux/man-pages/man2/fork.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man2/pivot_root.2.html
 * https://man7.org/linux/man-pages/man2/wait.2.html
 * https://man7.org/linux/man-pages/man7/netdevice.7.html
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;
static const char *root;
static char **command;

/*
 * Init: PID 1, the first child of the launcher after its unshare. It exists to
 * set up the container and to wait for every process in it, orphans too. It
 * ends when it has no child left.
 *
 * As Daniel Mitre published it, the status of the payload is ignored.
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

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	command = argv + 2;
	return unshare_and_init(flags, init);
}
