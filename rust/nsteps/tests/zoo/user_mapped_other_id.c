/*
 * user_mapped: the caller is mapped, but not to root.
 *
 * Caught by: id_maps.uid ids.uid capabilities.effective
 */
#include "skeleton.h"

static int mapped[2];

static void child(void)
{
	char word;

	close(mapped[1]);
	must("read", read(mapped[0], &word, 1));
}

int main(int argc, char *argv[])
{
	char **command = payload(argc, argv);
	char path[64], map[64];
	pid_t pid;

	must("pipe2", pipe2(mapped, O_CLOEXEC));
	pid = must("clone", clone_child(CLONE_NEWUSER, child, command));
	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	write_file(path, "deny");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(map, sizeof(map), "1 %u 1\n", geteuid());
	write_file(path, map);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	snprintf(map, sizeof(map), "0 %u 1\n", getegid());
	write_file(path, map);
	must("write", write(mapped[1], "m", 1));
	return wait_for(pid);
}
