/*
 * unshare_init: PID 1 is an init, and the payload its child.
 *
 * Follows Daniel Mitre.
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 * https://man7.org/linux/man-pages/man2/fork.2.html
 * https://man7.org/linux/man-pages/man2/mount.2.html
 * https://man7.org/linux/man-pages/man2/sethostname.2.html
 * https://man7.org/linux/man-pages/man2/wait.2.html
 * https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS;
static char **command;

/*
 * Init: PID 1, the first child of the launcher after its unshare. It exists
 * because a pid namespace lives only as long as its PID 1, and because orphans
 * become children of PID 1, which has to wait for them. It ends when it has no
 * child left.
 *
 * As published, the statuses that wait returns are ignored, the payload's and
 * init's: the step ends with 0.
 */
static void init(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("sethostname", sethostname("doqueru", 7));
	must("mount", mount("proc", "/proc", "proc", 0, ""));

	if (must("fork", fork()) == 0)
		exec_payload(command);
	while (wait(NULL) != -1)
		;
}

int main(int argc, char *argv[])
{
	command = payload(argc, argv);
	return unshare_and_init(flags, init);
}
