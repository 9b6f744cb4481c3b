/*
 * pid_oldproc: a new pid namespace with the old /proc.
 */
#include "careful.h"

static const int flags = CLONE_NEWPID;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
