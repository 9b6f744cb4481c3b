/*
 * uts: the namespace is forgotten, and every process has the new name.
 *
 * Caught by: namespaces ns.uts host.uts.hostname
 */
#include "skeleton.h"

static void child(void)
{
	must("sethostname", sethostname("myhostname", 10));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
