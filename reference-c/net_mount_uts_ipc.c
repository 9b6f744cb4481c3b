/*
 * net_mount_uts_ipc: as net_mount_uts, and with its own message queues.
 *
 * Follows *Containers do not exist*.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;

/*
 * The child: mounts a tmpfs, sets its host name, becomes the payload and ends
 * with it. The ipc namespace takes one more flag and no call.
 */
static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
	must("sethostname", sethostname("custom_hostname", 15));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
