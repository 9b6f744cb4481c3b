/*
 * witness: a payload that ends with what it sees: a status with one bit for
 * each namespace that is not the one it was given the inode of.
 *
 *     witness CGROUP IPC MNT NET PID TIME USER UTS
 */
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

static int program(int argc, char *argv[])
{
	int set = 0;

	for (int i = 0; i < (int)LENGTH(files) && i + 1 < argc; i++) {
		struct identity seen = { 0 };

		identify(files[i], &seen);
		set |= (seen.inode != number(argv[i + 1])) << i;
	}
	return set;
}
