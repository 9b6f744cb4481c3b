/*
 * container: lo stays down, and localhost is not reached.
 *
 * Caught by: net.link.lo
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;
static const char *root;
static char **command;

static void init(void)
{
	must("sethostname", sethostname("doqueru", 7));
	enter_new_root(root, fill_dev);

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
