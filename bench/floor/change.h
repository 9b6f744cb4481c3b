/*
 * change: unshare and setns, in the caller or, if it cannot return, in a forked
 * child.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "measure.h"
#include "namespaces.h"

static long call_unshare(unsigned long flags)
{
	return CALL(__NR_unshare, flags);
}

static long call_setns(unsigned long flags)
{
	for (int i = 0; i < KINDS; i++)
		if (flags == kinds[i].flag)
			return CALL(__NR_setns, namespaces_away[i], flags);
	return CALL(__NR_setns, away.pidfd, flags);
}

/* What a child reports in shared memory. */
struct report {
	long passed, error;
	int set;
};

/*
 * The first calls of a forked child are slow. So it makes nearly the same calls
 * once before, without an effect.
 */
static void warm_up(volatile struct report *shared, long (*call)(unsigned long),
		    unsigned long flags)
{
	volatile char pages[4 * 4096];

	for (size_t i = 0; i < sizeof(pages); i += 4096)
		pages[i] = 0;
	start();
	shared->passed = passed();
	call(0);
	CALL(__NR_setns, here.pidfd, flags);
}

static void change_in_child(const char *name, long (*call)(unsigned long),
			    unsigned long flags, int (*looked)(void))
{
	/* PROT_READ and PROT_WRITE, MAP_SHARED and MAP_ANONYMOUS. */
	static volatile struct report *shared;
	long pid;

	if (!shared)
		shared =
			(void *)must("mmap", CALL(__NR_mmap, 0, 4096, 0x1 | 0x2,
						  0x1 | 0x20, -1, 0));
	pid = must("clone", CALL(__NR_clone, SIGCHLD));
	if (pid == 0) {
		warm_up(shared, call, flags);
		start();
		shared->error = call(flags);
		shared->passed = passed();
		shared->set = looked();
		quit(0);
	}
	wait_for(pid);
	must(name, shared->error);
	taken[times++] = shared->passed;
	see(shared->set);
}

static void bench_change(const char *name, long (*call)(unsigned long),
			 const char *set, int (*looked)(void), int count)
{
	unsigned long flags = flags_of(set);

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
	if (away.pid == 0) {
		unsigned long all = 0;

		for (int i = 0; i < KINDS; i++)
			all |= kinds[i].flag;
		begin_stay(&away, all);
		for (int i = 0; i < KINDS; i++)
			namespaces_away[i] =
				must("open",
				     CALL(__NR_openat, AT_FDCWD,
					  proc(away.pid, "/ns/", kinds[i].name),
					  O_RDONLY | O_CLOEXEC));
	}
	bench_change("setns", call_setns, set, joined, count);
}

#endif
