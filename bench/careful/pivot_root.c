/*
 * pivot_root: a new root in a new mount and a new pid namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWNS | CLONE_NEWPID;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, enter_new_root, new_root(argc, argv));
}
