/*
 * rootless: the container in a user namespace with a map.
 */
#include "careful.h"

static const int flags =
	CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET;
static char **payload;

static void init(void)
{
	set_hostname("doqueru");
	enter_container();
	bring_lo_up();
}

static void child(void)
{
	wait_at_gate();
	unshare_and_init(flags, init, payload);
}

int main(int argc, char *argv[])
{
	pid_t pid;

	payload = new_root(argc, argv);
	make_gate();
	pid = fork_child(CLONE_NEWUSER, child, payload);
	map_and_open_gate(pid);
	end_with(pid);
}
