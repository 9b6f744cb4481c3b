/*
 * user: ambient capabilities survive an exec by the overflow user.
 *
 * Caught by: capabilities.ambient capabilities.effective
 */
#include "skeleton.h"
#include <linux/capability.h>
#include <sys/prctl.h>

static void child(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct sets[2];
	int capability;

	must("capget", syscall(SYS_capget, &header, sets));
	sets[0].inheritable = sets[0].permitted;
	sets[1].inheritable = sets[1].permitted;
	must("capset", syscall(SYS_capset, &header, sets));
	for (capability = 0; capability <= CAP_LAST_CAP; capability++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

int main(int argc, char *argv[])
{
	return clone_and_exec(CLONE_NEWUSER, child, payload(argc, argv));
}
