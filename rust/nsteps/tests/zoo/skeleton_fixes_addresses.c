/*
 * skeleton: the addresses of the payload are the same in every run.
 *
 * Caught by: lifecycle.personality
 */
#include "skeleton.h"
#include <sys/personality.h>

static void child(void)
{
	must("personality", personality(ADDR_NO_RANDOMIZE));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
