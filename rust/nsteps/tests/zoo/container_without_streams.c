/*
 * container: /dev has no names for the standard streams, and a script that
 * writes to /dev/stderr makes a file.
 *
 * Caught by: descriptors.0.reopen descriptors.1.reopen descriptors.2.reopen
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
	must("unlink", unlink("/dev/stdin"));
	must("unlink", unlink("/dev/stdout"));
	must("unlink", unlink("/dev/stderr"));
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
