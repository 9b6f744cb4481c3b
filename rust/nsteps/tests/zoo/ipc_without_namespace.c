/*
 * ipc: nothing is made, and the host's queues are in sight.
 *
 * Caught by: namespaces ns.ipc sysvipc.queues
 */
#include "skeleton.h"

static void child(void)
{
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
