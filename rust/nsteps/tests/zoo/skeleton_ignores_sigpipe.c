/*
 * skeleton: SIGPIPE is ignored, as by a runtime that means well.
 *
 * Caught by: signals.ignored
 */
#include "skeleton.h"

static void child(void)
{
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
