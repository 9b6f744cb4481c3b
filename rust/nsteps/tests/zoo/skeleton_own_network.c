/*
 * skeleton: the payload reaches no socket of the caller's, nor itself.
 *
 * Looked at: deeply
 * Caught by: can.connect.sandbox can.connect.loopback
 */
#include "skeleton.h"

static void child(void)
{
	must("unshare", unshare(CLONE_NEWNET));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
