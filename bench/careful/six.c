/*
 * six: a new root in six new namespaces, the row launch/six.
 */
#include "careful.h"

static const int flags = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS |
			 CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, enter_new_root, new_root(argc, argv));
}
