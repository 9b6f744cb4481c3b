/*
 * namespaces: their kinds, those in which a process is, and the processes that
 * wait in others.
 */
#ifndef NAMESPACES_H
#define NAMESPACES_H

#include "text.h"

static const struct kind {
	const char *name, *file;
	unsigned long flag;
} kinds[] = {
	{ "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "ipc", "ipc", CLONE_NEWIPC },
	{ "mnt", "mnt", CLONE_NEWNS },
	{ "net", "net", CLONE_NEWNET },
	{ "pid", "pid_for_children", CLONE_NEWPID },
	{ "time", "time_for_children", CLONE_NEWTIME },
	{ "user", "user", CLONE_NEWUSER },
	{ "uts", "uts", CLONE_NEWUTS },
};
enum { KINDS = LENGTH(kinds) };

/* A process that waits until this one ends. */
struct stay {
	long pid, pidfd;
	struct identity namespaces[KINDS];
};
static struct stay here, away;
static long namespaces_away[KINDS];
static struct identity own[KINDS];

static void look(long pid, struct identity namespaces[KINDS])
{
	for (int i = 0; i < KINDS; i++) {
		namespaces[i] = (struct identity){ 0 };
		identify(proc(pid, "/ns/", kinds[i].file), &namespaces[i]);
	}
}

static int made(void)
{
	struct identity namespaces[KINDS];
	int set = 0;

	look(0, namespaces);
	for (int i = 0; i < KINDS; i++)
		set |= !identical(&namespaces[i], &own[i]) << i;
	return set;
}

static int joined(void)
{
	struct identity namespaces[KINDS];
	int set = 0;

	look(0, namespaces);
	for (int i = 0; i < KINDS; i++)
		set |= identical(&namespaces[i], &away.namespaces[i]) << i;
	return set;
}

static long clone3(unsigned long flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };

	return CALL(__NR_clone3, &args, sizeof(args));
}

static void begin_stay(struct stay *stay, unsigned long flags)
{
	stay->pid = must("clone3", clone3(flags));
	if (stay->pid == 0) {
		CALL(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
		/*
		 * The reader of this process's output must not wait for this
		 * one.
		 */
		for (int fd = 0; fd <= 3; fd++)
			CALL(__NR_close, fd);
		for (;;)
			CALL(__NR_pause);
	}
	stay->pidfd = must("pidfd_open", CALL(__NR_pidfd_open, stay->pid, 0));
	look(stay->pid, stay->namespaces);
}

static void go_home(unsigned long flags)
{
	if (here.pid == 0)
		begin_stay(&here, 0);
	if (flags)
		must("setns", CALL(__NR_setns, here.pidfd, flags));
}

static unsigned long flags_of(const char *set)
{
	const char *at = set;
	unsigned long flags = 0;

	if (same(set, "none"))
		return 0;
	while (*at) {
		size_t n = 0;
		int known = 0;

		while (at[n] && at[n] != '+')
			n++;
		for (int i = 0; i < KINDS; i++) {
			const char *name = kinds[i].name;
			size_t j = 0;

			while (j < n && name[j] == at[j])
				j++;
			if (j == n && !name[j]) {
				flags |= kinds[i].flag;
				known = 1;
			}
		}
		if (!known)
			give_up("no such set of namespaces:", set, 0);
		at += n + (at[n] == '+');
	}
	return flags;
}

#endif
