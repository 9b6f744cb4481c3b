/*
 * net_mount_uts_ipc_pid: as net_mount_uts_ipc, and the child is PID 1.
 *
 * Follows *Containers do not exist*.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man2/umount.2.html
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
#include "skeleton.h"

static const int flags =
	CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;

/*
 * The child: PID 1 of the new namespace. It mounts a tmpfs, sets its host name,
 * replaces the old /proc by its own, becomes the payload, and ends with it; the
 * kernel then kills every process of the namespace.
 */
static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
	must("sethostname", sethostname("custom_hostname", 15));
	must("umount", umount("/proc"));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
