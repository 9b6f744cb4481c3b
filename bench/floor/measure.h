/*
 * measure: records how long each operation took, and what was observed
 * afterwards. The floor and the peer in C use this code both, so that it does
 * not make their times differ.
 */
#ifndef MEASURE_H
#define MEASURE_H

#if __STDC_HOSTED__
#include <time.h>
#else
#include "clock.h"
#endif

/* The longest block, and how many of its children are witnesses. */
enum { LONGEST = 4096, WITNESSES = 2 };

/* The pause between two spaced measurements, in nanoseconds. */
enum { SPACE = 20 * 1000 * 1000 };

/* The measured times of one block, in nanoseconds. */
static long taken[LONGEST];
static int times;
static struct timespec begun;

static void start(void)
{
	clock_gettime(CLOCK_MONOTONIC, &begun);
}

static long until(const struct timespec *then)
{
	return (then->tv_sec - begun.tv_sec) * 1000000000L + then->tv_nsec -
	       begun.tv_nsec;
}

static long passed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return until(&now);
}

static void stop(void)
{
	taken[times++] = passed();
}

/*
 * The proof: the set of kinds that all witnesses saw, or that they did not see
 * the same; and how many children have ended.
 */
static struct proof {
	int seen, looks, mixed, ended;
} proof;

static void see(int set)
{
	proof.mixed |= proof.looks > 0 && set != proof.seen;
	proof.seen = set;
	proof.looks++;
}

#endif
