/*
 * skeleton: the payload is called as a login shell is.
 *
 * Looked at: deeply
 * Caught by: argv.0
 */
#include "skeleton.h"

static char **command;

static void child(void)
{
	const char *program = command[0];

	command[0] = "-probe";
	execv(program, command);
}

int main(int argc, char *argv[])
{
	command = payload(argc, argv);
	return clone_and_exec(0, child, command);
}
