/*
 * skeleton: a setting of the network namespace is another one.
 *
 * Looked at: deeply
 * Caught by: sysctl.net.ipv4.ping_group_range
 */
#include "skeleton.h"

static void child(void)
{
	write_file("/proc/sys/net/ipv4/ping_group_range", "0 0");
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
