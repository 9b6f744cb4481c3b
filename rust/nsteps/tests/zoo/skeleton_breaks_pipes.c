/*
 * skeleton:broken_pipe: SIGPIPE is ignored, and yes(1) ends with an error
 * where it should be killed.
 *
 * Caught by: stderr
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
