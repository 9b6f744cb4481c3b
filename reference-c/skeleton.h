/*
 * skeleton: what every step shares, so that a step shows only its own lines.
 *
 * It is a header and nothing else, so that `cc -o net network.c` builds a step
 * without flags and without a second source. The shape is Michael Crosby's:
 * clone with some flags, let the child become the payload, wait for it.
 */
#ifndef SKELETON_H
#define SKELETON_H

/* The C library declares clone, unshare and setns only with _GNU_SOURCE. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The newest flag: an older sched.h lacks it. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* As large as in the posts. The child needs little of it, the payload none. */
enum { STACK_SIZE = 1024 * 1024 };

/*
 * One system call: returns its result, or prints `STEP: CALL: ERROR` and ends
 * this process with 1. It ends with _exit, because text that waits in a stdio
 * buffer copied by clone is the parent's to print.
 */
static inline long must(const char *call, long result)
{
	if (result == -1) {
		warn("%s", call);
		_exit(1);
	}
	return result;
}

/* Prints the usage of the step, and ends with 125 as env(1) does. */
static inline _Noreturn void usage(const char *arguments)
{
	fprintf(stderr, "usage: %s %s\n", program_invocation_short_name,
		arguments);
	_exit(125);
}

/* The command the step is to become: all its arguments. */
static inline char **payload(int argc, char *argv[])
{
	if (argc < 2)
		usage("CMD [ARG...]");
	return argv + 1;
}

/* The directory to live in: the first argument, with the payload after it. */
static inline const char *new_root(int argc, char *argv[])
{
	if (argc < 3)
		usage("NEWROOT CMD [ARG...]");
	return argv[1];
}

/* The process to join: the first argument, with the payload after it. */
static inline pid_t pid_to_join(int argc, char *argv[])
{
	char *end;
	long pid;

	if (argc < 3)
		usage("PID CMD [ARG...]");
	pid = strtol(argv[1], &end, 10);
	if (*end != '\0' || pid <= 0 || pid > INT_MAX)
		usage("PID CMD [ARG...]");
	return pid;
}

/* Where a step mounts its tmpfs. */
static inline const char *mytmp(void)
{
	const char *directory = getenv("MYTMP");

	return directory ? directory : "/mytmp";
}

/* Becomes the command. https://man7.org/linux/man-pages/man2/execve.2.html */
static inline _Noreturn void exec_payload(char *command[])
{
	execvp(command[0], command);
	warn("execvp");
	_exit(1);
}

/* What the child of clone needs. */
struct task {
	void (*child)(void);
	char **command;
};

/*
 * The child: alone in the new namespaces. It prepares them, becomes the
 * payload, and ends when the payload does.
 */
static inline int child_main(void *argument)
{
	const struct task *task = argument;

	task->child();
	exec_payload(task->command);
}

/*
 * Starts the child in new namespaces and returns its pid, or -1.
 *
 * A stack grows downwards, so the child is given the top of its own. Without
 * CLONE_VM it works on a copy of it all, the parent's `task` included.
 * https://man7.org/linux/man-pages/man2/clone.2.html
 */
static inline pid_t clone_child(int flags, void (*child)(void), char *command[])
{
	static _Alignas(16) char stack[STACK_SIZE];
	static int taken;
	struct task task = { .child = child, .command = command };

	/* A child that runs on it would clone the next into its own frames. */
	if (taken++) {
		errno = EBUSY;
		return -1;
	}
	return clone(child_main, stack + STACK_SIZE, flags | SIGCHLD, &task);
}

/*
 * Waits for a child, and ends the step. As published, the status of the
 * payload is ignored: the step ends with 0 whatever the payload did.
 */
static inline int wait_for(pid_t pid)
{
	waitpid(pid, NULL, 0);
	return 0;
}

/*
 * The parent: stays in the old namespaces, exists to wait, and ends with its
 * child. It ends with 1 only when there is no child.
 */
static inline int clone_and_exec(int flags, void (*child)(void),
				 char *command[])
{
	pid_t pid = clone_child(flags, child, command);

	if (pid == -1) {
		warn("clone");
		return 1;
	}
	return wait_for(pid);
}

/*
 * The launcher: changes its own namespaces instead of its child's. Not the
 * pid namespace, which no process can change for itself: only the next child
 * enters it, as PID 1. That child is init; the launcher ends with it.
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 */
static inline int unshare_and_init(int flags, void (*init)(void))
{
	pid_t pid;

	must("unshare", unshare(flags));
	pid = must("fork", fork());
	if (pid == 0) {
		init();
		_exit(0);
	}
	return wait_for(pid);
}

/* The C library declares no wrapper for this system call. */
static inline int pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old);
}

/*
 * The devices that programs expect in /dev: the current path, and the new one.
 */
static const char *const devices[][2] = {
	{ "/.old/dev/null", "/dev/null" },
	{ "/.old/dev/zero", "/dev/zero" },
	{ "/.old/dev/full", "/dev/full" },
	{ "/.old/dev/random", "/dev/random" },
	{ "/.old/dev/urandom", "/dev/urandom" },
	{ "/.old/dev/tty", "/dev/tty" },
};
static const char *const streams[][2] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
};

/*
 * Fills a new /dev while the old one is there. A user namespace may make no
 * device, so each is bound on an empty file. What the old /dev lacks the new
 * one lacks, too: a payload finds there what it would have found outside.
 * https://man7.org/linux/man-pages/man2/mknod.2.html
 */
static inline void fill_dev(void)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const char *from = devices[i][0], *to = devices[i][1];

		if (access(from, F_OK) == -1)
			continue;
		must("mknod", mknod(to, S_IFREG | 0666, 0));
		must("mount", mount(from, to, NULL, MS_BIND, NULL));
	}
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		must("symlink", symlink(streams[i][0], streams[i][1]));
}

/*
 * The calls of the step `pivot_root`, which says why each of them is needed;
 * here a failed mount is an error. `fill`, if it is given, runs while the old
 * root can still be reached, at /.old.
 */
static inline void enter_new_root(const char *root, void (*fill)(void))
{
	char put_old[PATH_MAX];

	snprintf(put_old, sizeof(put_old), "%s/.old", root);
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	if (mkdir(put_old, 0700) == -1) {
		warn("mkdir %s", put_old);
		_exit(1);
	}
	must("pivot_root", pivot_root(root, put_old));
	must("chdir", chdir("/"));
	must("mount",
	     mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, ""));
	must("mount", mount("proc", "/proc", "proc", 0, ""));
	if (fill)
		fill();
	must("umount2", umount2("/.old", MNT_DETACH));
	must("rmdir", rmdir("/.old"));
}

/* Writes a file of /proc in one call: the kernel takes an id map only whole. */
static inline void write_file(const char *path, const char *text)
{
	int fd = must("open", open(path, O_WRONLY | O_CLOEXEC));

	must("write", write(fd, text, strlen(text)));
	close(fd);
}

/*
 * Maps the caller to root in pid's user namespace. An ordinary user may write
 * gid_map only after setgroups is denied: a process could otherwise drop a
 * group, and with it a restriction that holds for that group.
 * https://man7.org/linux/man-pages/man7/user_namespaces.7.html
 */
static inline void map_root(pid_t pid)
{
	char path[64], map[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	write_file(path, "deny");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(map, sizeof(map), "0 %u 1\n", geteuid());
	write_file(path, map);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	snprintf(map, sizeof(map), "0 %u 1\n", getegid());
	write_file(path, map);
}

/* A new network namespace has one interface, and it is down. */
static inline void bring_lo_up(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = must("socket", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must("ioctl", ioctl(fd, SIOCGIFFLAGS, &lo));
	lo.ifr_flags |= IFF_UP;
	must("ioctl", ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

#endif
