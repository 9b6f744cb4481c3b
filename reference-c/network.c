/*
 * network: no interface but its own lo, which is down.
 *
 * Follows Michael Crosby, *Containers do not exist* and JD, whose program is in
 * Go.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man7/network_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWNET;

/*
 * The child: exists to become the payload, and ends with it. The flag of clone
 * makes the namespace.
 */
static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
