/*
 * join: the namespaces of another process.
 *
 * Beyond the posts.
 * https://man7.org/linux/man-pages/man2/pidfd_open.2.html
 * https://man7.org/linux/man-pages/man2/stat.2.html
 * https://man7.org/linux/man-pages/man2/setns.2.html
 * https://man7.org/linux/man-pages/man2/clone.2.html
 * https://man7.org/linux/man-pages/man7/namespaces.7.html
 */
#include "skeleton.h"

/* Every type of namespace, by its name in /proc/PID/ns. */
static const struct {
	const char *name;
	int flag;
} types[] = {
	{ "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },
	{ "pid", CLONE_NEWPID },   { "net", CLONE_NEWNET },
	{ "uts", CLONE_NEWUTS },   { "ipc", CLONE_NEWIPC },
	{ "time", CLONE_NEWTIME }, { "cgroup", CLONE_NEWCGROUP },
};

/*
 * The types of namespaces in which pid is elsewhere: setns refuses the user
 * namespace that the caller is in. Two files name the same namespace if device
 * and inode are equal, which is certain while both processes live.
 */
static int differing(pid_t pid)
{
	char path[64];
	struct stat own, other;
	int found, flags = 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", types[i].name);
		/* A kernel may have been built without this type. */
		found = stat(path, &own);
		if (found == -1 && errno == ENOENT)
			continue;
		must("stat", found);
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid,
			 types[i].name);
		must("stat", stat(path, &other));
		if (own.st_dev != other.st_dev || own.st_ino != other.st_ino)
			flags |= types[i].flag;
	}
	return flags;
}

/*
 * The child: the process that is in there, because setns puts only later
 * children into another pid namespace. It becomes the payload and ends with it.
 */
static void child(void)
{
}

/* The parent: joins all but the pid namespace, and ends with the child. */
int main(int argc, char *argv[])
{
	pid_t pid = pid_to_join(argc, argv);
	int pidfd, flags;

	/*
	 * From here on the number pid may be given to another process without
	 * harm.
	 */
	pidfd = must("pidfd_open", syscall(SYS_pidfd_open, pid, 0));
	flags = differing(pid);
	/* In one call, because the kernel then enters user first by itself. */
	if (flags)
		must("setns", setns(pidfd, flags));
	return clone_and_exec(0, child, argv + 2);
}
