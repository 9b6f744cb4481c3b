/*
 * skeleton: Landlock forbids to make directories.
 *
 * Looked at: deeply
 * Caught by: landlock.layers can.write./tmp
 */
#include "skeleton.h"
#include <linux/landlock.h>
#include <sys/prctl.h>

static void child(void)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR,
	};
	int fd = must("landlock_create_ruleset",
		      syscall(SYS_landlock_create_ruleset, &rules,
			      sizeof(rules), 0));

	must("prctl", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must("landlock_restrict_self",
	     syscall(SYS_landlock_restrict_self, fd, 0));
	must("close", close(fd));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
