/*
 * cgroup: a new cgroup namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWCGROUP;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
