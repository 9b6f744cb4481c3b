/*
 * ipc: a new IPC namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWIPC;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
