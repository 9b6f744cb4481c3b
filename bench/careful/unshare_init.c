/*
 * unshare_init: a PID 1 that waits, after unshare(2).
 */
#include "careful.h"

static const int flags = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS;

static void init(void)
{
	make_private(MS_REC);
	set_hostname("doqueru");
	mount_proc();
}

int main(int argc, char *argv[])
{
	unshare_and_init(flags, init, command(argc, argv, ""));
}
