/*
 * bench: performs one operation many times and says how long each time took.
 *
 * Reads lines `OPERATION COUNT`, answers each with a line
 * `OPERATION COUNT TOTAL MIN MEDIAN P99 PROOF`: nanoseconds, and what was
 * really made, checked outside of the timed part. See bench/README.md.
 *
 * With arguments it is one more step, which no post has: all six namespaces.
 * https://man7.org/linux/man-pages/man7/namespaces.7.html
 */
#include "grow.h"
#include "measure.h"
#include "skeleton.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* An older C library lacks these. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH 4
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* Linux 5.7 */
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

#define TRUE "/nsteps/bench/true"
#define FIRST "/nsteps/bench/first"
#define ATTACH "/nsteps/bench/attach"
#define CGROUP "/newroot/attach"
#define WITNESS "/nsteps/bench/witness"
#define NEWROOT "/newroot"
#define PUT_OLD NEWROOT "/old"

/* The descriptors on which payloads wait, and report what they have seen. */
enum { GATE = 8, TOLD = 9 };

/*
 * The kinds of namespaces. Of two of them a process has a second namespace, in
 * which its next child will be: unshare changes that one.
 */
static const struct kind {
	const char *name, *path;
	int flag;
} kinds[] = {
	{ "cgroup", "/proc/thread-self/ns/cgroup", CLONE_NEWCGROUP },
	{ "ipc", "/proc/thread-self/ns/ipc", CLONE_NEWIPC },
	{ "mnt", "/proc/thread-self/ns/mnt", CLONE_NEWNS },
	{ "net", "/proc/thread-self/ns/net", CLONE_NEWNET },
	{ "pid", "/proc/thread-self/ns/pid_for_children", CLONE_NEWPID },
	{ "time", "/proc/thread-self/ns/time_for_children", CLONE_NEWTIME },
	{ "user", "/proc/thread-self/ns/user", CLONE_NEWUSER },
	{ "uts", "/proc/thread-self/ns/uts", CLONE_NEWUTS },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const int six = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS |
		       CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS;

/* The size of a peer that has grown. */
static char grown[64];

/*
 * A process that waits until this one ends: in the namespaces of this one, or
 * in eight others.
 */
struct stay {
	pid_t pid;
	int pidfd;
	ino_t inodes[KINDS];
};
static struct stay here, away;
static int namespaces_away[KINDS];
static ino_t own[KINDS];

/* Reads in which namespaces the caller is; 0 where the kernel does not say. */
static void look(ino_t inodes[KINDS])
{
	struct stat seen;

	for (int i = 0; i < KINDS; i++)
		inodes[i] = stat(kinds[i].path, &seen) ? 0 : seen.st_ino;
}

/*
 * Returns the kinds that are new, as a set of bits. A kind that cannot be read
 * counts as new: a pid namespace cannot be named before its first process
 * exists.
 */
static int made(void)
{
	ino_t inodes[KINDS];
	int set = 0;

	look(inodes);
	for (int i = 0; i < KINDS; i++)
		set |= (inodes[i] != own[i]) << i;
	return set;
}

/* Returns the kinds in which the caller is in the same namespace as `away`. */
static int joined(void)
{
	ino_t inodes[KINDS];
	int set = 0;

	look(inodes);
	for (int i = 0; i < KINDS; i++)
		set |= (inodes[i] == away.inodes[i]) << i;
	return set;
}

/* clone3 without CLONE_VM returns twice, as fork does. */
static pid_t clone3_into(unsigned long long flags, int cgroup)
{
	struct {
		unsigned long long flags, pidfd, child_tid, parent_tid;
		unsigned long long exit_signal, stack, stack_size, tls;
		unsigned long long set_tid, set_tid_size, cgroup;
	} args = { .flags = flags, .exit_signal = SIGCHLD, .cgroup = cgroup };

	return syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t clone3(int flags)
{
	return clone3_into(flags, 0);
}

static void begin_stay(struct stay *stay, int flags)
{
	char path[64];
	struct stat seen;

	stay->pid = must("clone3", clone3(flags));
	if (stay->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/*
		 * The reader of this process's output must not wait for this
		 * one.
		 */
		for (int fd = 0; fd <= 2; fd++)
			close(fd);
		for (;;)
			pause();
	}
	stay->pidfd = must("pidfd_open", syscall(SYS_pidfd_open, stay->pid, 0));
	for (int i = 0; i < KINDS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", stay->pid,
			 strrchr(kinds[i].path, '/') + 1);
		must("stat", stat(path, &seen));
		stay->inodes[i] = seen.st_ino;
	}
}

/*
 * Returns to the namespaces in which this process began, of the kinds in
 * `flags`.
 */
static void go_home(int flags)
{
	if (here.pid == 0)
		begin_stay(&here, 0);
	if (flags)
		must("setns", setns(here.pidfd, flags));
}

/* Returns the flags of a set of kinds: names with a + in between. */
static int flags_of(const char *set)
{
	char name[64];
	int flags = 0;
	int known = strcmp(set, "none") == 0;

	while (*set) {
		size_t length = strcspn(set, "+");

		snprintf(name, sizeof(name), "%.*s", (int)length, set);
		for (int i = 0; i < KINDS; i++)
			if (strcmp(name, kinds[i].name) == 0) {
				flags |= kinds[i].flag;
				known = 1;
			}
		set += length + (set[length] == '+');
	}
	if (!known)
		errx(1, "no such set of namespaces: %s", set);
	return flags;
}

/*
 * clone: from the call until the child has been waited for. The child ends at
 * once; a witness first compares its namespaces, and its status is the result.
 */
static int child(void *witness)
{
	return *(int *)witness ? made() : 0;
}

static pid_t clone_by(const char *style, int flags, int *witness)
{
	static _Alignas(16) char stack[STACK_SIZE];
	pid_t pid;

	if (strcmp(style, "vfork") == 0)
		flags |= CLONE_VM | CLONE_VFORK;
	if (strcmp(style, "clone3") == 0) {
		pid = clone3(flags);
		/* The dynamic linker would resolve _exit again in each child. */
		if (pid == 0)
			syscall(SYS_exit_group, child(witness));
		return pid;
	}
	return clone(child, stack + STACK_SIZE, flags | SIGCHLD, witness);
}

/*
 * Counts a child that has ended. The status of a witness is what it saw, and
 * its time is no sample.
 */
static void ended(int status, int witness)
{
	if (!WIFEXITED(status))
		errx(1, "a child was killed by signal %d", WTERMSIG(status));
	proof.ended++;
	if (witness) {
		times--;
		see(WEXITSTATUS(status));
	} else if (WEXITSTATUS(status) != 0) {
		errx(1, "a child ended with %d", WEXITSTATUS(status));
	}
}

static void bench_clone(const char *style, const char *set, int count)
{
	int flags = flags_of(set);

	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count;
		int status;
		pid_t pid;

		start();
		pid = must("clone", clone_by(style, flags, &witness));
		must("waitpid", waitpid(pid, &status, 0));
		stop();
		ended(status, witness);
	}
}

/*
 * unshare and setns: the call alone. No process can return from a user
 * namespace, so a child enters it.
 */
static int call_unshare(int flags)
{
	return unshare(flags);
}

static int call_setns(int flags)
{
	for (int i = 0; i < KINDS; i++)
		if (flags == kinds[i].flag)
			return setns(namespaces_away[i], flags);
	return setns(away.pidfd, flags);
}

/* What such a child reports in shared memory. */
struct report {
	long passed;
	int set, error;
};

/*
 * The first calls of a forked child are slow: it lacks pages, has to copy
 * others, and resolves each name of the library again. So it makes nearly the
 * same calls once before, without an effect: a call without a flag, and a setns
 * to its own namespace, because no process can join the user namespace it is
 * in.
 */
static void warm_up(struct report *shared, int (*call)(int), int flags)
{
	volatile char stack[4 * 4096];

	for (size_t i = 0; i < sizeof(stack); i += 4096)
		stack[i] = 0;
	start();
	shared->passed = passed();
	call(0);
	setns(here.pidfd, flags);
}

static void change_in_child(const char *name, int (*call)(int), int flags,
			    int (*looked)(void))
{
	static struct report *shared;
	pid_t pid;

	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			err(1, "mmap");
	}
	pid = must("fork", fork());
	if (pid == 0) {
		warm_up(shared, call, flags);
		start();
		shared->error = call(flags) ? errno : 0;
		shared->passed = passed();
		shared->set = looked();
		_exit(0);
	}
	must("waitpid", waitpid(pid, NULL, 0));
	errno = shared->error;
	must(name, errno ? -1 : 0);
	taken[times++] = shared->passed;
	see(shared->set);
}

static void bench_change(const char *name, int (*call)(int), const char *set,
			 int (*looked)(void), int count)
{
	int flags = flags_of(set);

	go_home(0);
	for (int i = 0; i < count; i++) {
		if (flags & CLONE_NEWUSER) {
			change_in_child(name, call, flags, looked);
			continue;
		}
		start();
		must(name, call(flags));
		stop();
		see(looked());
		go_home(flags);
	}
}

static void bench_setns(const char *set, int count)
{
	char path[64];

	if (away.pid == 0) {
		int all = six | CLONE_NEWTIME | CLONE_NEWUSER;

		begin_stay(&away, all);
		for (int i = 0; i < KINDS; i++) {
			snprintf(path, sizeof(path), "/proc/%d/ns/%s", away.pid,
				 kinds[i].name);
			namespaces_away[i] =
				must("open", open(path, O_RDONLY | O_CLOEXEC));
		}
	}
	bench_change("setns", call_setns, set, joined, count);
}

/* A mount namespace of its own each time: a detached root does not return. */
static void unshare_mounts(void)
{
	go_home(CLONE_NEWNS);
	must("unshare", unshare(CLONE_NEWNS));
}

static void bind_new_root(void)
{
	must("mount", mount(NEWROOT, NEWROOT, NULL, MS_BIND | MS_REC, NULL));
}

static int is(const char *path, const struct stat *other)
{
	struct stat seen;

	must("stat", stat(path, &seen));
	return seen.st_dev == other->st_dev && seen.st_ino == other->st_ino;
}

/* The whole change of root with the calls of the posts. */
static void switch_root(void)
{
	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	bind_new_root();
	must("pivot_root", pivot_root(NEWROOT, PUT_OLD));
	must("chdir", chdir("/"));
	must("umount2", umount2("/old", MNT_DETACH));
}

/* The same, with the bind made by the calls of Linux 5.2. */
static void switch_root_by_fd(void)
{
	int tree;

	must("mount", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	tree = must("open_tree", syscall(SYS_open_tree, AT_FDCWD, NEWROOT,
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
						 AT_RECURSIVE));
	must("move_mount", syscall(SYS_move_mount, tree, "", AT_FDCWD, NEWROOT,
				   MOVE_MOUNT_F_EMPTY_PATH));
	close(tree);
	must("pivot_root", pivot_root(NEWROOT, PUT_OLD));
	must("chdir", chdir("/"));
	must("umount2", umount2("/old", MNT_DETACH));
}

static void bench_pivot_root(const char *what, int count)
{
	struct stat root, old;

	must("chdir", chdir("/"));
	must("stat", stat(NEWROOT, &root));
	must("stat", stat(PUT_OLD, &old));
	if (strcmp(what, "pivot") == 0) {
		unshare_mounts();
		bind_new_root();
	}
	for (int i = 0; i < count; i++) {
		if (strcmp(what, "pivot") == 0) {
			start();
			must("pivot_root", pivot_root(NEWROOT, PUT_OLD));
			stop();
			see(is("/", &root) && !is("/old", &old));
			/*
			 * Changes back: the same call with exchanged arguments.
			 */
			must("pivot_root", pivot_root("/old", "/old" NEWROOT));
			continue;
		}
		unshare_mounts();
		if (strcmp(what, "detach") == 0) {
			bind_new_root();
			must("pivot_root", pivot_root(NEWROOT, PUT_OLD));
			start();
			must("umount2", umount2("/old", MNT_DETACH));
		} else if (strcmp(what, "switch") == 0) {
			start();
			switch_root();
		} else if (strcmp(what, "switch_by_fd") == 0) {
			start();
			switch_root_by_fd();
		} else {
			errx(1, "no such part of pivot_root: %s", what);
		}
		stop();
		see(is("/", &root) && is("/old", &old));
	}
	go_home(CLONE_NEWNS);
}

/*
 * spawn: from the call until the program has been waited for, as C programs
 * do it: posix_spawn; with namespaces fork, unshare and exec.
 */
static pid_t spawn(int flags, char *argv[])
{
	pid_t pid;

	if (flags == 0) {
		errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
		must("posix_spawn", errno ? -1 : 0);
		return pid;
	}
	pid = must("fork", fork());
	if (pid == 0) {
		must("unshare", unshare(flags));
		exec_payload(argv);
	}
	return pid;
}

/*
 * Makes a pipe: every child has one end as the descriptor `as`. Returns the
 * other end, which only this process has.
 */
static int pipe_with_children(int as, int flags)
{
	int ends[2];
	int reads = as == GATE;

	must("pipe2", pipe2(ends, O_CLOEXEC | flags));
	must("dup2", dup2(ends[!reads], as));
	close(ends[!reads]);
	return ends[reads];
}

/*
 * The last measured time ends when the payload has read the clock. The payload
 * has ended, so its report can be read.
 */
static void back_to_first(int told)
{
	struct timespec then;
	long since;

	if (read(told, &then, sizeof(then)) != sizeof(then))
		errx(1, "the payload has reported no time");
	since = until(&then);
	if (since <= 0 || since > taken[times - 1])
		errx(1, "the payload has reported an impossible time");
	taken[times - 1] = since;
}

/* With `first` a measured time ends at the first instruction of the payload. */
static void bench_spawn(const char *set, int first, int count)
{
	static int told = -1;
	static char inodes[KINDS][24];
	char *payload_argv[] = { first ? FIRST : TRUE, NULL };
	char *witness_argv[KINDS + 2] = { WITNESS };
	int flags = flags_of(set);

	if (first && told == -1)
		told = pipe_with_children(TOLD, O_NONBLOCK);
	for (int i = 0; i < KINDS; i++) {
		snprintf(inodes[i], sizeof(inodes[i]), "%lu", own[i]);
		witness_argv[i + 1] = inodes[i];
	}
	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count;
		int status;
		pid_t pid;

		start();
		pid = spawn(flags, witness ? witness_argv : payload_argv);
		must("waitpid", waitpid(pid, &status, 0));
		stop();
		ended(status, witness);
		if (first && !witness)
			back_to_first(told);
	}
}

/*
 * attach: a child that becomes a program in another cgroup. It moves there
 * itself, its parent moves it and lets it continue, or it is born there.
 * https://man7.org/linux/man-pages/man7/cgroups.7.html
 */
static void put_there(int procs, pid_t pid)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", pid);

	must("write", write(procs, text, length));
}

static void bench_attach(const char *way, int spaced, int count)
{
	static int gate, procs, cgroup;
	const struct timespec space = { .tv_nsec = SPACE };
	int birth = strcmp(way, "birth") == 0;
	int parent = strcmp(way, "parent") == 0;
	int child = strcmp(way, "child") == 0;

	if (!gate) {
		gate = pipe_with_children(GATE, 0);
		cgroup = must("open", open(CGROUP, O_PATH | O_CLOEXEC));
		procs = must("open", open(CGROUP "/cgroup.procs",
					  O_WRONLY | O_CLOEXEC));
	}
	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count, status, n = 1;
		char *argv[4] = { ATTACH };
		pid_t pid;

		if (parent || child)
			argv[n++] = child ? "c" : "p";
		if (witness)
			argv[n] = "w";
		if (spaced)
			nanosleep(&space, NULL);
		start();
		pid = must("clone3",
			   birth ? clone3_into(CLONE_INTO_CGROUP, cgroup)
				 : clone3(0));
		if (pid == 0)
			exec_payload(argv);
		if (parent) {
			put_there(procs, pid);
			must("write", write(gate, "", 1));
		}
		must("waitpid", waitpid(pid, &status, 0));
		stop();
		ended(status, witness);
	}
}

static int by_size(const void *one, const void *other)
{
	long a = *(const long *)one, b = *(const long *)other;

	return (a > b) - (a < b);
}

static void print_set(int set)
{
	const char *between = "";

	if (set == 0)
		printf("none");
	for (int i = 0; i < KINDS; i++)
		if (set & 1 << i) {
			printf("%s%s", between, kinds[i].name);
			between = "+";
		}
}

/* Answers with a line: the times in order, then the proof. */
static void answer(const char *operation, int count)
{
	long total = 0;
	int pivot = strncmp(operation, "pivot_root/", 11) == 0;
	int attach = strncmp(operation, "attach/", 7) == 0;
	/* In the cgroup at the beginning, and in the cgroup at the end. */
	static const char *const ways[] = { "kept", "left", "moved", "born" };

	qsort(taken, times, sizeof(taken[0]), by_size);
	for (int i = 0; i < times; i++)
		total += taken[i];
	printf("%s %d %ld %ld %ld %ld ", operation, count, total, taken[0],
	       taken[times / 2], taken[(times * 99 + 99) / 100 - 1]);
	if (grown[0])
		printf("%s", grown);
	else if (proof.mixed)
		printf("mixed");
	else if (pivot)
		printf(proof.seen ? "switched" : "kept");
	else if (attach)
		printf("%s", ways[proof.seen & 3]);
	else
		print_set(proof.seen);
	if (proof.looks)
		printf("*%d", proof.looks);
	if (proof.ended)
		printf(",ended*%d", proof.ended);
	printf("\n");
	fflush(stdout);
}

/*
 * Later operations are compared with the namespaces in which this process is
 * then.
 */
static void bench_grow(const char *what, int count)
{
	start();
	grow(what, count, grown, sizeof(grown));
	stop();
	look(own);
}

static void perform(const char *operation, int count)
{
	char name[128];
	char *what, *rest;

	snprintf(name, sizeof(name), "%s", operation);
	what = strchr(name, '/');
	if (!what)
		errx(1, "no such operation: %s", operation);
	*what++ = '\0';
	if (strcmp(name, "grow") == 0) {
		bench_grow(what, count);
		return;
	}
	if (count < 1 || count > LONGEST - WITNESSES)
		errx(1, "no such count: %d", count);
	if (strcmp(name, "clone") == 0 && (rest = strchr(what, '/'))) {
		*rest++ = '\0';
		bench_clone(what, rest, count);
	} else if (strcmp(name, "unshare") == 0) {
		bench_change(name, call_unshare, what, made, count);
	} else if (strcmp(name, "setns") == 0) {
		bench_setns(what, count);
	} else if (strcmp(name, "pivot_root") == 0) {
		bench_pivot_root(what, count);
	} else if (strcmp(name, "spawn") == 0) {
		rest = strchr(what, '/');
		bench_spawn(rest ? rest + 1 : what, rest != NULL, count);
	} else if (strcmp(name, "attach") == 0) {
		rest = strchr(what, '/');
		bench_attach(rest ? rest + 1 : what, rest != NULL, count);
	} else {
		errx(1, "no such operation: %s", operation);
	}
}

static const char *root;

/* The child of the step: the calls of pivot_root, in six namespaces. */
static void child_of_step(void)
{
	enter_new_root(root, NULL);
}

int main(int argc, char *argv[])
{
	char operation[128];
	int count;

	if (argc > 1) {
		root = new_root(argc, argv);
		return clone_and_exec(six, child_of_step, argv + 2);
	}
	/* Children inherit under these numbers: nothing else may get them. */
	must("dup3", dup3(STDERR_FILENO, GATE, O_CLOEXEC));
	must("dup3", dup3(STDERR_FILENO, TOLD, O_CLOEXEC));
	look(own);
	while (scanf("%127s %d", operation, &count) == 2) {
		times = 0;
		proof = (struct proof){ 0 };
		grown[0] = '\0';
		perform(operation, count);
		answer(operation, count);
	}
	return 0;
}
