/*
 * skeleton: a clone without a new namespace.
 */
#include "careful.h"

static const int flags = 0;

int main(int argc, char *argv[])
{
	clone_and_exec(flags, NULL, command(argc, argv, ""));
}
