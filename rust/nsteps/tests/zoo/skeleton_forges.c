/*
 * skeleton: what a payload said is repeated when it has long ended.
 *
 * Caught by: inside/outside
 */
#include "skeleton.h"

static int ends[2];

static void child(void)
{
	must("dup2", dup2(ends[1], 1));
}

int main(int argc, char *argv[])
{
	static char said[1 << 20];
	ssize_t length = 0, count;
	char word;
	pid_t pid;

	/* Without its last argument, --hold, the probe does not wait. */
	argv[argc - 1] = NULL;
	must("pipe2", pipe2(ends, O_CLOEXEC));
	pid = must("clone", clone_child(0, child, payload(argc - 1, argv)));
	close(ends[1]);
	do {
		count = read(ends[0], said + length, sizeof(said) - length);
		length += must("read", count);
	} while (count > 0);
	wait_for(pid);
	must("write", write(1, said, length));
	return must("read", read(0, &word, 1));
}
