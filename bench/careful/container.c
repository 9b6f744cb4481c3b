/*
 * container: a PID 1 that waits, a new root, and a loopback that is up.
 */
#include "careful.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;

static void init(void)
{
	set_hostname("doqueru");
	enter_container();
	bring_lo_up();
}

int main(int argc, char *argv[])
{
	unshare_and_init(flags, init, new_root(argc, argv));
}
