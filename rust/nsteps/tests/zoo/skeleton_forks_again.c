/*
 * skeleton: a process is between the launcher and the payload.
 *
 * Looked at: deeply
 * Caught by: host.parent
 */
#include "skeleton.h"

static void child(void)
{
	int status;
	pid_t pid = must("fork", fork());

	if (pid == 0)
		return;
	waitpid(pid, &status, 0);
	_exit(0);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
