/*
 * uts: a host name of its own.
 *
 * Follows Michael Crosby, Daniel Mitre and *Containers do not exist*.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man7/uts_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWUTS;

/*
 * The child: starts with a copy of its parent's host name, changes the copy,
 * becomes the payload and ends with it.
 */
static void child(void)
{
	must("sethostname", sethostname("myhostname", 10));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
