/*
 * mount_private: a tmpfs that stays inside even where / is shared.
 *
 * Follows JD.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS;

/*
 * The child: takes / out of its peer group, adds a tmpfs, becomes the payload
 * and ends with it. Without MS_REC this is / and nothing mounted below it:
 * where /proc is shared, what happens under /proc still happens outside.
 */
static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_PRIVATE, NULL));
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
