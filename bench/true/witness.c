/*
 * witness: a payload that ends with what it sees: a status with one bit for
 * each namespace that is not the one it was given the inode of.
 *
 *     witness CGROUP IPC MNT NET PID TIME USER UTS [box]
 *
 * With `box` there must be what a `box` of the group `library` has as well: the
 * host name `box`, a procfs and a tmpfs. Without them its status is 255.
 */
#include <linux/magic.h>
#include <linux/utsname.h>

#include "../floor/kernel.h"

static const char *const files[] = {
	"/proc/self/ns/cgroup", "/proc/self/ns/ipc", "/proc/self/ns/mnt",
	"/proc/self/ns/net",	"/proc/self/ns/pid", "/proc/self/ns/time",
	"/proc/self/ns/user",	"/proc/self/ns/uts",
};

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	while (*text)
		value = 10 * value + (uint64_t)(*text++ - '0');
	return value;
}

static int has_type(const char *path, long type)
{
	/* The first word of struct statfs is the type. */
	long seen[32] = { 0 };

	return !CALL(__NR_statfs, path, seen) && seen[0] == type;
}

static int is_box(void)
{
	struct new_utsname names = { 0 };

	return !CALL(__NR_uname, &names) && same(names.nodename, "box") &&
	       has_type("/proc", PROC_SUPER_MAGIC) &&
	       has_type("/dev", TMPFS_MAGIC);
}

static int program(int argc, char *argv[])
{
	int set = 0;

	for (int i = 0; i < (int)LENGTH(files) && i + 1 < argc; i++) {
		struct identity seen = { 0 };

		identify(files[i], &seen);
		set |= (seen.inode != number(argv[i + 1])) << i;
	}
	if (argc > 1 && same(argv[argc - 1], "box") && !is_box())
		return 255;
	return set;
}
