/*
 * container: the payload is PID 1 itself, and no process reaps.
 *
 * Caught by: processes.pid processes.ppid processes.visible
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;
static const char *root;

static void child(void)
{
	must("sethostname", sethostname("doqueru", 7));
	enter_new_root(root, fill_dev);
	bring_lo_up();
}

int main(int argc, char *argv[])
{
	root = new_root(argc, argv);
	return clone_and_exec(flags, child, argv + 2);
}
