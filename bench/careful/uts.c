/*
 * uts: a host name in a new UTS namespace.
 */
#include "careful.h"

static const int flags = CLONE_NEWUTS;

static void child(void)
{
	set_hostname("myhostname");
}

int main(int argc, char *argv[])
{
	clone_and_exec(flags, child, command(argc, argv, ""));
}
