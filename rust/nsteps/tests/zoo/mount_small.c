/*
 * mount: the tmpfs holds less.
 *
 * Looked at: deeply
 * Caught by: size./mytmp
 */
#include "skeleton.h"

static void child(void)
{
	must("mount", mount("none", mytmp(), "tmpfs", 0, "size=64k"));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWNS, child, payload(argc, argv));
}
