/*
 * cgroup: the namespace is forgotten, and the path tells where we are.
 *
 * Caught by: namespaces ns.cgroup cgroup
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
