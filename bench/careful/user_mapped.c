/*
 * user_mapped: a new user namespace in which the payload is root.
 */
#include "careful.h"

static const int flags = CLONE_NEWUSER;

int main(int argc, char *argv[])
{
	char **payload = command(argc, argv, "");
	pid_t pid;

	make_gate();
	pid = fork_child(flags, wait_at_gate, payload);
	map_and_open_gate(pid);
	end_with(pid);
}
