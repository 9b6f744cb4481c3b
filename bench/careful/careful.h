/*
 * careful: what every step in careful C shares. It makes the calls of the step
 * in Rust, and is written for speed as well.
 *
 * The child shares the launcher's memory (CLONE_VM and CLONE_VFORK) where that
 * of the step in Rust does, every call is checked, and the step ends as its
 * payload ended. What reference-c keeps only because the posts published it is
 * left out.
 */
#ifndef CAREFUL_H
#define CAREFUL_H

#define _GNU_SOURCE

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
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Older headers lack this flag. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The statuses of env(1), and the size of the child's stack. */
enum {
	FAILED = 125,
	CANNOT_EXECUTE = 126,
	NOT_FOUND = 127,
	STACK = 64 * 1024,
};

/* As with vfork(2): the child shares the memory, the caller is suspended. */
enum { IN_OUR_MEMORY = CLONE_VM | CLONE_VFORK };

/* What failed. The child records it, the launcher prints it. */
struct failure {
	const char *call, *subject;
	int error;
};
static struct failure own_record, *failure = &own_record;

static char **arguments;
static int in_child, sigchld_was_ignored;

static int is_about_the_payload(void)
{
	return strcmp(failure->call, "execvp") == 0;
}

static int status_of_failure(void)
{
	if (!is_about_the_payload())
		return FAILED;
	return failure->error == ENOENT ? NOT_FOUND : CANNOT_EXECUTE;
}

/* Writes up to eight words to stderr with one call. */
static void say(const char *const words[])
{
	char line[2 * PATH_MAX];
	size_t length = 0;

	for (; *words; words++) {
		size_t more = strnlen(*words, sizeof(line) - length);

		memcpy(line + length, *words, more);
		length += more;
	}
	/*
	 * If stderr cannot be written, the exit status still reports the
	 * failure.
	 */
	if (write(STDERR_FILENO, line, length) == -1)
		return;
}

static const char *step(void)
{
	const char *slash = strrchr(arguments[0], '/');

	return slash ? slash + 1 : arguments[0];
}

/* Prints the recorded failure and ends the launcher with its status. */
static _Noreturn void print_error(void)
{
	int subject = failure->subject != NULL;

	say((const char *const[]){ step(), ": ", failure->call,
				   subject ? " " : "",
				   subject ? failure->subject : "", ": ",
				   strerror(failure->error), "\n", NULL });
	_exit(status_of_failure());
}

/* A child only records the failure, and its launcher prints it. */
static _Noreturn void fail(const char *call, const char *subject, int error)
{
	*failure = (struct failure){ call, subject, error };
	if (!in_child)
		print_error();
	_exit(status_of_failure());
}

static long must(const char *call, long result)
{
	if (result == -1)
		fail(call, NULL, errno);
	return result;
}

static _Noreturn void usage(const char *operand)
{
	say((const char *const[]){ "usage: ", step(), " ", operand,
				   "CMD [ARG...]\n", NULL });
	_exit(FAILED);
}

/* Takes the command, behind `operand` if there is one before it. */
static char **command(int argc, char *argv[], const char *operand)
{
	int at = *operand ? 2 : 1;

	arguments = argv;
	if (argc <= at)
		usage(operand);
	return argv + at;
}

/* If SIGCHLD is ignored, waitpid(2) returns the status of no child. */
static void hear_of_children(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, before;

	must("signal", sigaction(SIGCHLD, &action, &before));
	sigchld_was_ignored = before.sa_handler == SIG_IGN;
}

static _Noreturn void become(char *payload[])
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	if (sigchld_was_ignored)
		must("signal", sigaction(SIGCHLD, &action, NULL));
	execvp(payload[0], payload);
	fail("execvp", NULL, errno);
}

/* The argument of the child of clone. */
struct task {
	void (*child)(void);
	char **payload;
};

static int child_main(void *argument)
{
	const struct task *task = argument;

	if (task->child)
		task->child();
	become(task->payload);
}

/*
 * Each child has a stack of its own. The init of `rootless` runs on a copy of
 * the first one, and its own child, which shares its memory, would overwrite
 * that. `used` is copied with the stacks.
 */
static char *new_stack(void)
{
	static _Alignas(16) char stacks[2][STACK];
	static size_t used;

	if (used == sizeof(stacks) / sizeof(stacks[0]))
		fail("clone", "without a stack", ENOMEM);
	return stacks[used++];
}

static pid_t clone_child(int flags, void (*child)(void), char *payload[])
{
	char *stack = new_stack();
	struct task task = { child, payload };
	int before = in_child;
	pid_t pid;

	in_child = 1;
	pid = clone(child_main, stack + STACK, flags | SIGCHLD, &task);
	in_child = before;
	return must("clone", pid);
}

static int code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for the child and ends as it has ended, or with what it recorded. */
static _Noreturn void end_with(pid_t pid)
{
	int status;

	must("waitpid", waitpid(pid, &status, 0));
	if (failure->call) {
		if (in_child)
			_exit(status_of_failure());
		print_error();
	}
	_exit(code(status));
}

/* `child` is NULL if there is nothing to prepare. */
static inline _Noreturn void clone_and_exec(int flags, void (*child)(void),
					    char *payload[])
{
	hear_of_children();
	end_with(clone_child(flags | IN_OUR_MEMORY, child, payload));
}

/*
 * A child with a copy of the memory records its failure in a shared page: the
 * same for the children of children, since the launcher reads one.
 */
static inline void share_the_record(void)
{
	void *page;

	if (failure != &own_record)
		return;
	page = mmap(NULL, sizeof(*failure), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		fail("mmap", NULL, errno);
	failure = page;
}

/* Makes a child with a copy of the memory; the launcher is not suspended. */
static inline pid_t fork_child(int flags, void (*child)(void), char *payload[])
{
	hear_of_children();
	share_the_record();
	return clone_child(flags, child, payload);
}

/* PID 1: prepares, starts the payload, and waits until no child is left. */
static _Noreturn void be_init(void (*init)(void), char *payload[])
{
	int status, ended = 0;
	pid_t pid, child;

	init();
	pid = clone_child(IN_OUR_MEMORY, NULL, payload);
	while ((child = waitpid(-1, &status, 0)) != -1)
		if (child == pid)
			ended = code(status);
	if (errno != ECHILD)
		fail("waitpid", NULL, errno);
	_exit(ended);
}

/* Calls unshare(2) and forks a child: PID 1 of the new pid namespace. */
static inline _Noreturn void unshare_and_init(int flags, void (*init)(void),
					      char *payload[])
{
	pid_t pid;

	hear_of_children();
	share_the_record();
	must("unshare", unshare(flags));
	pid = must("fork", fork());
	if (pid == 0) {
		in_child = 1;
		be_init(init, payload);
	}
	end_with(pid);
}

static inline void make_private(int recursively)
{
	must("mount", mount(NULL, "/", NULL, recursively | MS_PRIVATE, NULL));
}

static inline void mount_proc(void)
{
	must("mount", mount("proc", "/proc", "proc", 0, ""));
}

/* Where a step mounts its tmpfs. */
static inline void mount_mytmp(void)
{
	const char *directory = getenv("MYTMP");

	must("mount",
	     mount("none", directory ? directory : "/mytmp", "tmpfs", 0, ""));
}

static inline void set_hostname(const char *name)
{
	must("sethostname", sethostname(name, strlen(name)));
}

/* NEWROOT as it was given, and where the old root goes. */
static const char *root;
static char *put_old;

/* Allocates before the clone: a child that shares our memory must not. */
static inline char **new_root(int argc, char *argv[])
{
	char **payload = command(argc, argv, "NEWROOT ");
	size_t length;

	root = argv[1];
	length = strlen(root);
	put_old = malloc(length + sizeof("/.old"));
	if (!put_old)
		fail("malloc", NULL, ENOMEM);
	memcpy(put_old, root, length);
	memcpy(put_old + length, "/.old", sizeof("/.old"));
	return payload;
}

/*
 * Fills a new /dev while the old root can be reached, at /.old. In a user
 * namespace mknod(2) makes no device, so each one is bind-mounted on an empty
 * file. A device that the old /dev lacks is left out. Returns the call that
 * failed, if any.
 */
static inline const char *fill_dev(void)
{
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

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const char *from = devices[i][0], *to = devices[i][1];

		if (access(from, F_OK) == -1)
			continue;
		if (mknod(to, S_IFREG | 0666, 0) == -1)
			return "mknod";
		if (mount(from, to, NULL, MS_BIND, NULL) == -1)
			return "mount";
	}
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (symlink(streams[i][0], streams[i][1]) == -1)
			return "symlink";
	return NULL;
}

/*
 * The whole of NEWROOT becomes /, and `fill`, if it is given, runs while the
 * old root can be reached. A failed mount is reported only after the old root
 * is gone, so that no .old stays behind.
 */
static inline void enter_root(const char *(*fill)(void))
{
	const char *failed = NULL;
	int error;

	make_private(MS_REC);
	must("mount", mount(root, root, NULL, MS_BIND | MS_REC, NULL));
	if (mkdir(put_old, 0700) == -1)
		fail("mkdir", put_old, errno);
	if (syscall(SYS_pivot_root, root, put_old) == -1) {
		error = errno;
		rmdir(put_old);
		fail("pivot_root", NULL, error);
	}
	must("chdir", chdir("/"));
	if (mount("none", "/dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "") ||
	    mount("proc", "/proc", "proc", 0, ""))
		failed = "mount";
	else if (fill)
		failed = fill();
	error = errno;
	must("umount2", umount2("/.old", MNT_DETACH));
	must("rmdir", rmdir("/.old"));
	if (failed)
		fail(failed, NULL, error);
}

static inline void enter_new_root(void)
{
	enter_root(NULL);
}

static inline void enter_container(void)
{
	enter_root(fill_dev);
}

static inline void bring_lo_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = must("socket", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must("ioctl", ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
}

/* The kernel accepts an id map or clock offsets only in a single write. */
static inline void write_file(const char *path, const char *text)
{
	int fd = must("open", open(path, O_WRONLY | O_CLOEXEC));

	must("write", write(fd, text, strlen(text)));
	close(fd);
}

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

/* A pipe on which the child waits until the launcher has written the maps. */
static int gate[2];

static inline void make_gate(void)
{
	must("pipe2", pipe2(gate, O_CLOEXEC));
}

static inline void wait_at_gate(void)
{
	char word;

	/*
	 * The read ends only if no process has the writing end open any more.
	 */
	close(gate[1]);
	if (must("read", read(gate[0], &word, 1)) == 0)
		fail("read", NULL, EPIPE);
}

/* A launcher that fails closes the gate, and so the waiting child ends. */
static inline void map_and_open_gate(pid_t pid)
{
	map_root(pid);
	must("write", write(gate[1], "m", 1));
	close(gate[1]);
}

#endif
