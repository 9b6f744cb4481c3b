/*
 * skeleton: a descriptor of the launcher's own reaches the payload.
 *
 * Caught by: descriptors.3
 */
#include "skeleton.h"

static void child(void)
{
	must("open", open("/", O_RDONLY | O_DIRECTORY));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
