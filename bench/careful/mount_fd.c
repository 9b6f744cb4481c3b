/*
 * mount_fd: the same as mount_rprivate, by the calls that take descriptors.
 * musl has no functions for them.
 */
#include "careful.h"

/*
 * From linux/mount.h, which does not go together with musl's sys/mount.h.
 * That of the GNU C library has them.
 */
#ifndef FSOPEN_CLOEXEC
enum {
	FSOPEN_CLOEXEC = 1,
	FSCONFIG_SET_STRING = 1,
	FSCONFIG_CMD_CREATE = 6,
	FSMOUNT_CLOEXEC = 1,
	MOVE_MOUNT_F_EMPTY_PATH = 4,
};
#endif

static const int flags = CLONE_NEWNS;

static void child(void)
{
	/* To set, to clear, the propagation, a user namespace. */
	const unsigned long long attributes[4] = { 0, 0, MS_PRIVATE, 0 };
	const char *directory = getenv("MYTMP");
	int context, tmpfs;

	must("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/",
				      0x8000 /* AT_RECURSIVE */, attributes,
				      sizeof(attributes)));
	context = must("fsopen", syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC));
	must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING,
				 "source", "none", 0));
	must("fsconfig", syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE,
				 NULL, NULL, 0));
	tmpfs = must("fsmount",
		     syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0));
	close(context);
	must("move_mount", syscall(SYS_move_mount, tmpfs, "", AT_FDCWD,
				   directory ? directory : "/mytmp",
				   MOVE_MOUNT_F_EMPTY_PATH));
	close(tmpfs);
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
