/*
 * skeleton: another umask.
 *
 * Caught by: umask
 */
#include "skeleton.h"

static void child(void)
{
	umask(077);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
