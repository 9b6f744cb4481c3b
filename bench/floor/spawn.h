/*
 * spawn: programs, from before they are made until they have been waited for.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "clone.h"

#define TRUE "/nsteps/bench/true"
#define WITNESS "/nsteps/bench/witness"

/* Becomes a program, in a child that has the parent's memory. */
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

static void bench_spawn(const char *set, int count)
{
	static char inodes[KINDS][24];
	char *payload[] = { TRUE, NULL };
	char *witnessing[KINDS + 2] = { WITNESS };
	unsigned long flags = flags_of(set);

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
	}
}

/* start: any program, from before it is made until it has been waited for. */
static void bench_start(char *argv[], int count)
{
	if (!argv[0])
		give_up("start: no program", NULL, 0);
	for (int i = 0; i < count; i++) {
		int status;

		start();
		status = spawn_and_wait(0, argv);
		stop();
		if (status < 0 || status & 0x7f)
			give_up("killed:", argv[0], 0);
		proof.ended++;
		see(status >> 8);
	}
}

#endif
