/*
 * clone: makes children that end at once, and among many of them a few
 * witnesses.
 */
#ifndef CLONE_H
#define CLONE_H

#include "measure.h"
#include "namespaces.h"

static char stack[64 * 1024] __attribute__((aligned(16)));

static void child(void *witness)
{
	quit(*(int *)witness ? made() : 0);
}

static long clone_by(const char *style, unsigned long flags, int *witness)
{
	long pid;

	if (same(style, "vfork"))
		return clone_and_run(flags | CLONE_VM | CLONE_VFORK,
				     stack + sizeof(stack), child, witness);
	if (same(style, "clone3"))
		pid = clone3(flags);
	else
		pid = CALL(__NR_clone, flags | SIGCHLD);
	if (pid == 0)
		child(witness);
	return pid;
}

static void ended(int status, int witness)
{
	if (status < 0)
		give_up("wait4", NULL, -status);
	if (status & 0x7f)
		give_up("a child was killed", NULL, 0);
	proof.ended++;
	if (witness) {
		times--;
		see(status >> 8);
	} else if (status) {
		give_up("a child failed", NULL, 0);
	}
}

static void bench_clone(const char *style, const char *set, int count)
{
	unsigned long flags = flags_of(set);

	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count;
		int status;
		long pid;

		start();
		pid = must("clone", clone_by(style, flags, &witness));
		status = wait_for(pid);
		stop();
		ended(status, witness);
	}
}

#endif
