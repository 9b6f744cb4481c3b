/*
 * mount_fd: the same as mount_rprivate, by the calls that take descriptors.
 *
 * Beyond the posts: a mount is a descriptor first, and is attached when it is
 * complete. Linux 5.12; the GNU C library has the functions since 2.36.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/fsopen.2.html
 * https://man7.org/linux/man-pages/man2/mount_setattr.2.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS;

/*
 * The child: takes / and everything below it out of their peer groups, makes a
 * tmpfs, attaches it, becomes the payload and ends with it. AT_RECURSIVE is
 * what MS_REC is for mount(2). The payload inherits no descriptor.
 */
static void child(void)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	int context, tmpfs;

	must("mount_setattr", mount_setattr(AT_FDCWD, "/", AT_RECURSIVE,
					    &private, sizeof(private)));
	context = must("fsopen", fsopen("tmpfs", FSOPEN_CLOEXEC));
	must("fsconfig",
	     fsconfig(context, FSCONFIG_SET_STRING, "source", "none", 0));
	must("fsconfig", fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	tmpfs = must("fsmount", fsmount(context, FSMOUNT_CLOEXEC, 0));
	must("move_mount",
	     move_mount(tmpfs, "", AT_FDCWD, mytmp(), MOVE_MOUNT_F_EMPTY_PATH));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
