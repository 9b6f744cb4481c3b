/*
 * cgroup: a view of the cgroups that has its own cgroup for root.
 *
 * Beyond the posts. Every line of /proc/self/cgroup ends in `:/`.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWCGROUP;

/*
 * The child: exists to become the payload, and ends with it. It has not moved:
 * only the names have become relative to where it was at clone.
 */
static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(flags, child, payload(argc, argv));
}
