/*
 * skeleton: a file is left behind.
 *
 * Caught by: residue.files
 */
#include "skeleton.h"

static void child(void)
{
	must("open", open("/run/left", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
