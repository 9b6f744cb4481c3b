/*
 * network: a new network namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWNET;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
