/*
 * uts: another name than the one agreed upon.
 *
 * Caught by: uts.hostname
 */
#include "skeleton.h"

static void child(void)
{
	must("sethostname", sethostname("myhost", 6));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWUTS, child, payload(argc, argv));
}
