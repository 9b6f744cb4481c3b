/*
 * skeleton: a core dump holds what is mapped from files.
 *
 * Caught by: lifecycle.coredump
 */
#include "skeleton.h"

static void child(void)
{
	write_file("/proc/self/coredump_filter", "0x7f");
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
