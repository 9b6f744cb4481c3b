/*
 * skeleton: fewer files may be open.
 *
 * Caught by: limits.nofile
 */
#include "skeleton.h"
#include <sys/resource.h>

static void child(void)
{
	struct rlimit limit;

	must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 64;
	must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
