/*
 * skeleton: a signal is blocked while there is no child, and stays so.
 *
 * Caught by: signals.blocked
 */
#include "skeleton.h"

static void child(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	must("sigprocmask", sigprocmask(SIG_BLOCK, &set, NULL));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
