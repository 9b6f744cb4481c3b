/*
 * user: a new user namespace without a map.
 */
#include "careful.h"

static const int flags = CLONE_NEWUSER;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
