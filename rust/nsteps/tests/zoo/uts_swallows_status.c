/*
 * uts:exit_3: the payload's status is ignored.
 *
 * In place of: rust
 * Caught by: exit
 */
#include "skeleton.h"

static void child(void)
{
	must("sethostname", sethostname("myhostname", 10));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWUTS, child, payload(argc, argv));
}
