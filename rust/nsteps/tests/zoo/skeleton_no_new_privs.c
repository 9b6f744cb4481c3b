/*
 * skeleton: no_new_privs, which no exec takes back.
 *
 * Caught by: security.no_new_privs
 */
#include "skeleton.h"
#include <sys/prctl.h>

static void child(void)
{
	must("prctl", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
