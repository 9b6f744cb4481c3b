/*
 * net_mount: a network and a mount table of its own.
 *
 * Follows *Containers do not exist*.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man7/network_namespaces.7.html
 * https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNET | CLONE_NEWNS;

/*
 * The child: mounts a tmpfs, becomes the payload and ends with it. The network
 * namespace needs no code: a new one is empty.
 */
static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
