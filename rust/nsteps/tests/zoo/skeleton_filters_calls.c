/*
 * skeleton: a seccomp filter, though it allows everything.
 *
 * Caught by: security.seccomp security.seccomp_filters
 */
#include "skeleton.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static void child(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 1, .filter = filter };

	must("prctl", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
