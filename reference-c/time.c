/*
 * time: clocks that count from a day earlier.
 *
 * Beyond the posts. Legacy clone takes CLONE_NEWTIME for a part of the signal
 * it is to send at exit, so this flag goes to unshare.
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man7/time_namespaces.7.html
 */
#include "skeleton.h"

static const int flags = CLONE_NEWTIME;

/* Offsets in seconds and nanoseconds. */
static const char offsets[] = "monotonic 86400 0\nboottime 86400 0\n";

/*
 * The child: the first member of the new namespace, which its parent only made.
 * It becomes the payload and ends with it.
 */
static void child(void)
{
}

/*
 * The parent: stays in the old time namespace, and sets the clocks while the
 * new one is empty, because the first member fixes them.
 */
int main(int argc, char *argv[])
{
	char **command = payload(argc, argv);

	must("unshare", unshare(flags));
	write_file("/proc/self/timens_offsets", offsets);
	return clone_and_exec(0, child, command);
}
