/*
 * spawn: starts programs, timed from before they are made until they have been
 * waited for.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "clone.h"

#define TRUE "/nsteps/bench/true"
#define WITNESS "/nsteps/bench/witness"

/* Executes a program, in a child that shares the parent's memory. */
static void become(void *argument)
{
	char **argv = argument;

	CALL(__NR_execve, argv[0], argv, environment);
	quit(127);
}

static int spawn_and_wait(unsigned long flags, char *argv[])
{
	return wait_for(must(
		"clone", clone_and_run(flags | CLONE_VM | CLONE_VFORK,
				       stack + sizeof(stack), become, argv)));
}

/* The payload `first`, and the descriptor that it reports on. */
#define FIRST "/nsteps/bench/first"
enum { TOLD = 9 };

/* Makes a pipe once, whose writing end every child has as TOLD. */
static long listen_to_first(void)
{
	static long told;
	int ends[2];

	if (told)
		return told;
	must("pipe2", CALL(__NR_pipe2, ends, O_CLOEXEC | O_NONBLOCK));
	must("dup3", CALL(__NR_dup3, ends[1], TOLD, 0));
	CALL(__NR_close, ends[1]);
	told = ends[0];
	return told;
}

/*
 * The last measured time ends when the payload has read the clock. The payload
 * has ended, so its report can be read.
 */
static void back_to_first(void)
{
	struct timespec then;
	long since,
		read = CALL(__NR_read, listen_to_first(), &then, sizeof(then));

	if (read != sizeof(then))
		give_up("the payload has reported no time", NULL, 0);
	since = until(&then);
	if (since <= 0 || since > taken[times - 1])
		give_up("the payload has reported an impossible time", NULL, 0);
	taken[times - 1] = since;
}

static void bench_spawn(const char *set, int first, int count)
{
	static char inodes[KINDS][24];
	char *payload[] = { first ? FIRST : TRUE, NULL };
	char *witnessing[KINDS + 2] = { WITNESS };
	unsigned long flags = flags_of(set);

	if (first)
		listen_to_first();
	for (int i = 0; i < KINDS; i++) {
		written = 0;
		put_number((long)own[i].inode);
		memcpy(inodes[i], text, written + 1);
		witnessing[i + 1] = inodes[i];
	}
	for (int i = 0; i < count + WITNESSES; i++) {
		int witness = i == 0 || i > count;
		int status;

		start();
		status = spawn_and_wait(flags, witness ? witnessing : payload);
		stop();
		ended(status, witness);
		if (first && !witness)
			back_to_first();
	}
}

/*
 * start: starts any program, timed from before it is made until it has been
 * waited for; or until its payload, which is `first`, has read the clock.
 */
static void bench_start(char *argv[], int first, int count)
{
	if (!argv[0])
		give_up("start: no program", NULL, 0);
	if (first)
		listen_to_first();
	for (int i = 0; i < count; i++) {
		int status;

		start();
		status = spawn_and_wait(0, argv);
		stop();
		if (status < 0 || status & 0x7f)
			give_up("killed:", argv[0], 0);
		proof.ended++;
		see(status >> 8);
		if (first)
			back_to_first();
	}
}

#endif
