/*
 * id_map: children that become a command in a user namespace whose map their
 * parent writes, with and without a pipe on which they wait for it.
 *
 * id_map pipe|no_pipe CHILDREN A process without a mapped id in the namespace
 * when it calls execve is not root there, and so loses every capability.
 * https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int gate[2];

/* The payload's part: ends with 1 if it has no capability. */
static int count_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) == -1)
		err(125, "capget");
	return sets[0].effective == 0 && sets[1].effective == 0;
}

static int child(void *argument)
{
	char byte;

	if (argument) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == -1)
			_exit(125);
	}
	execl("/proc/self/exe", "id_map", "payload", NULL);
	_exit(127);
}

/*
 * A parent may be refused if its child has execed meanwhile: it may not be
 * looked at any more. That child has lost its capabilities as well.
 */
static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 && errno == EACCES)
		return;
	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		err(125, "write %s", path);
	close(fd);
}

/* Whether the child has lost its capabilities. */
static int loses(int waits)
{
	static _Alignas(16) char stack[1024 * 1024];
	char uid_map[64], gid_map[64];
	int status;
	pid_t pid;

	snprintf(uid_map, sizeof(uid_map), "0 %u 1", geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", getegid());
	if (pipe2(gate, O_CLOEXEC) == -1)
		err(125, "pipe2");
	pid = clone(child, stack + sizeof(stack), CLONE_NEWUSER | SIGCHLD,
		    waits ? gate : NULL);
	if (pid == -1)
		err(125, "clone");
	write_file(pid, "setgroups", "deny");
	write_file(pid, "uid_map", uid_map);
	write_file(pid, "gid_map", gid_map);
	close(gate[0]);
	close(gate[1]);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		errx(125, "a child failed");
	return WEXITSTATUS(status);
}

int main(int argc, char *argv[])
{
	if (argc == 2)
		return count_capabilities();
	if (argc != 3)
		errx(125, "usage: id_map pipe|no_pipe CHILDREN");
	for (int i = 1; i <= atoi(argv[2]); i++) {
		if (loses(strcmp(argv[1], "pipe") == 0)) {
			printf("child %d lost its capabilities\n", i);
			return 0;
		}
	}
	printf("%s children, none lost its capabilities\n", argv[2]);
	return 0;
}
