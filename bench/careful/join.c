/*
 * join: a child in the namespaces of another process.
 */
#include "careful.h"

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

/* Returns the types of namespaces in which pid is elsewhere. */
static int differing(pid_t pid)
{
	int flags = 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct stat own, other;
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", types[i].name);
		if (stat(path, &own) == -1) {
			if (errno == ENOENT)
				continue;
			fail("stat", NULL, errno);
		}
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid,
			 types[i].name);
		must("stat", stat(path, &other));
		if (own.st_dev != other.st_dev || own.st_ino != other.st_ino)
			flags |= types[i].flag;
	}
	return flags;
}

int main(int argc, char *argv[])
{
	char **payload = command(argc, argv, "PID ");
	char *end;
	long pid = strtol(argv[1], &end, 10);
	int pidfd, flags;

	if (*end || pid <= 0 || pid > INT_MAX)
		usage("PID ");
	pidfd = must("pidfd_open", syscall(SYS_pidfd_open, pid, 0));
	flags = differing(pid);
	if (flags)
		must("setns", setns(pidfd, flags));
	close(pidfd);
	clone_and_exec(0, NULL, payload);
}
