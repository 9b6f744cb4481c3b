/*
 * attach: a child in another cgroup: it moves there itself, its parent moves it
 * there, or it is born there.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "clone.h"

#define ATTACH "/nsteps/bench/attach"
#define CGROUP "/newroot/attach"

/* The descriptor on which the payload waits for its parent. */
enum { GATE = 8 };

static long spawn_into(unsigned long long cgroup, char *argv[])
{
	struct clone_args args = { .exit_signal = SIGCHLD, .cgroup = cgroup };
	long pid;

	if (cgroup)
		args.flags = CLONE_INTO_CGROUP;
	pid = must("clone3", CALL(__NR_clone3, &args, sizeof(args)));
	if (pid == 0) {
		CALL(__NR_execve, argv[0], argv, environment);
		quit(127);
	}
	return pid;
}

/*
 * Opens a pipe: every child has its reading end as GATE. Returns the other end.
 */
static long open_gate(void)
{
	int ends[2];

	must("pipe2", CALL(__NR_pipe2, ends, O_CLOEXEC));
	must("dup3", CALL(__NR_dup3, ends[0], GATE, 0));
	CALL(__NR_close, ends[0]);
	return ends[1];
}

/*
 * Writes the pid to cgroup.procs. There is no C library, so `text` formats it.
 */
static void put_there(long procs, long pid)
{
	written = 0;
	put_number(pid);
	must("write", CALL(__NR_write, procs, text, written));
	written = 0;
}

static void bench_attach(const char *way, int spaced, int count)
{
	static long gate, procs, cgroup;
	const struct timespec space = { 0, SPACE };
	char *letter = same(way, "child") ? "c" : "p";
	int birth = same(way, "birth"), parent = same(way, "parent");

	if (!gate) {
		gate = open_gate();
		cgroup = must("open", CALL(__NR_openat, AT_FDCWD, CGROUP,
					   O_PATH | O_CLOEXEC));
		procs = must("open",
			     CALL(__NR_openat, AT_FDCWD, CGROUP "/cgroup.procs",
				  O_WRONLY | O_CLOEXEC));
	}
	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count, status, n = 1;
		char *argv[4] = { ATTACH };
		long pid;

		if (parent || same(way, "child"))
			argv[n++] = letter;
		if (witness)
			argv[n] = "w";
		if (spaced)
			CALL(__NR_nanosleep, &space, 0);
		start();
		pid = spawn_into(birth ? cgroup : 0, argv);
		if (parent) {
			put_there(procs, pid);
			must("write", CALL(__NR_write, gate, "", 1));
		}
		status = wait_for(pid);
		stop();
		ended(status, witness);
	}
}

#endif
