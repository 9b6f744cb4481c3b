/*
 * skeleton: a capability is taken from the payload.
 *
 * Caught by: capabilities.bounding capabilities.effective
 */
#include "skeleton.h"
#include <linux/capability.h>
#include <sys/prctl.h>

static void child(void)
{
	must("prctl", prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
