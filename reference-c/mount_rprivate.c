/*
 * mount_rprivate: a mount table from which nothing spreads to the outside.
 *
 * Follows Daniel Mitre, and Matthew Tejo, who runs mount(8) for it.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNS;

/*
 * The child: takes / and everything below it out of their peer groups, adds a
 * tmpfs, becomes the payload and ends with it. MS_REC adds everything below /
 * to the change.
 */
static void child(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
