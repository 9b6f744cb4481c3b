/*
 * time: a new time namespace whose clocks are a day ahead.
 */
#include "careful.h"

static const int flags = CLONE_NEWTIME;

int main(int argc, char *argv[])
{
	char **payload = command(argc, argv, "");

	must("unshare", unshare(flags));
	write_file("/proc/self/timens_offsets",
		   "monotonic 86400 0\nboottime 86400 0\n");
	/* Older kernels refuse CLONE_VM if the child's clocks would differ. */
	end_with(fork_child(0, NULL, payload));
}
