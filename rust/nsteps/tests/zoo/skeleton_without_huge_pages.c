/*
 * skeleton: the payload has no transparent huge pages.
 *
 * Caught by: lifecycle.thp
 */
#include "skeleton.h"
#include <sys/prctl.h>

static void child(void)
{
	must("prctl", prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
