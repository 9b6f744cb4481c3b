/*
 * floor: the peer that does the least: the operations of bench/peers/c/bench.c
 * by raw system calls, which measures the kernel's part; and the program that
 * starts whole programs.
 *
 * Reads lines `OPERATION COUNT [ARGUMENT...]`, answers as bench.c does.
 */
#include "attach.h"
#include "change.h"
#include "clone.h"
#include "kernel.h"
#include "measure.h"
#include "namespaces.h"
#include "pivot_root.h"
#include "spawn.h"
#include "text.h"

enum { ARGUMENTS = 64 };

/* cpuid: what one instruction costs that a hypervisor answers in its place. */
static void bench_cpuid(int count)
{
	for (int i = 0; i < count; i++) {
		unsigned int a = 0, b, c = 0, d;

		start();
		__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		stop();
		see(0);
	}
}

/* clock: what it costs to read the clock by a system call, as `first` does. */
static void bench_clock(int count)
{
	struct timespec now;

	for (int i = 0; i < count; i++) {
		start();
		clock_by_call(CLOCK_MONOTONIC, &now);
		stop();
		see(0);
	}
}

/* A block is short: the simplest of all sorts is quick enough. */
static void sort(long *values, int n)
{
	for (int i = 1; i < n; i++) {
		long value = values[i];
		int j = i;

		for (; j > 0 && values[j - 1] > value; j--)
			values[j] = values[j - 1];
		values[j] = value;
	}
}

static void put_proof(const char *operation)
{
	const char *between = "";

	if (proof.mixed) {
		put("mixed");
	} else if (operation[0] == 'p') {
		put(proof.seen ? "switched" : "kept");
	} else if (operation[0] == 'a') {
		static const char *const ways[] = { "kept", "left", "moved",
						    "born" };

		put(ways[proof.seen & 3]);
	} else if (same(operation, "start") || same(operation, "first")) {
		put_number(proof.seen);
	} else if (proof.seen == 0) {
		put("none");
	} else {
		for (int i = 0; i < KINDS; i++)
			if (proof.seen & 1 << i) {
				put(between);
				put(kinds[i].name);
				between = "+";
			}
	}
	put("*");
	put_number(proof.looks);
	if (proof.ended) {
		put(",ended*");
		put_number(proof.ended);
	}
}

static void answer(const char *operation, int count)
{
	long total = 0;
	long figures[4];

	sort(taken, times);
	for (int i = 0; i < times; i++)
		total += taken[i];
	figures[0] = total;
	figures[1] = taken[0];
	figures[2] = taken[times / 2];
	figures[3] = taken[(times * 99 + 99) / 100 - 1];
	written = 0;
	put(operation);
	put(" ");
	put_number(count);
	for (size_t i = 0; i < LENGTH(figures); i++) {
		put(" ");
		put_number(figures[i]);
	}
	put(" ");
	put_proof(operation);
	put("\n");
	flush(3);
}

/* The part of a name behind its first slash; the slash becomes its end. */
static char *split(char *name)
{
	while (*name && *name != '/')
		name++;
	if (!*name)
		return NULL;
	*name = '\0';
	return name + 1;
}

static void perform(const char *operation, int count, char *argv[])
{
	static char name[LINE];
	char *what, *rest;

	if (count < 1 || count > LONGEST - WITNESSES)
		give_up("no such count for", operation, 0);
	memcpy(name, operation, length(operation) + 1);
	what = split(name);
	if (same(name, "start"))
		bench_start(argv, 0, count);
	else if (same(name, "first"))
		bench_start(argv, 1, count);
	else if (same(name, "cpuid"))
		bench_cpuid(count);
	else if (same(name, "clock"))
		bench_clock(count);
	else if (what && same(name, "clone") && (rest = split(what)))
		bench_clone(what, rest, count);
	else if (what && same(name, "unshare"))
		bench_change("unshare", call_unshare, what, made, count);
	else if (what && same(name, "setns"))
		bench_setns(what, count);
	else if (what && same(name, "pivot_root"))
		bench_pivot_root(what, count);
	else if (what && same(name, "spawn") && (rest = split(what)))
		bench_spawn(rest, same(what, "first"), count);
	else if (what && same(name, "spawn"))
		bench_spawn(what, 0, count);
	else if (what && same(name, "attach") && (rest = split(what)))
		bench_attach(rest, same(what, "spaced"), count);
	else if (what && same(name, "attach"))
		bench_attach(what, 0, count);
	else
		give_up("no such operation:", operation, 0);
}

/* Cuts a line into its words. */
static void cut(char *line, char *words[ARGUMENTS])
{
	int n = 0;

	while (n < ARGUMENTS - 1) {
		while (*line == ' ')
			*line++ = '\0';
		if (!*line)
			break;
		words[n++] = line;
		while (*line && *line != ' ')
			line++;
	}
	words[n] = NULL;
}

static int read_line(char *line)
{
	size_t n = 0;

	for (; n < LINE - 1; n++) {
		if (CALL(__NR_read, 0, line + n, 1) != 1)
			return 0;
		if (line[n] == '\n')
			break;
	}
	line[n] = '\0';
	return 1;
}

static int program(int argc, char *argv[])
{
	static char line[LINE];
	char *words[ARGUMENTS];
	long nowhere;

	(void)argc;
	(void)argv;
	find_clock();
	/* Answers go to 3: what is started must not write there. */
	nowhere = must("open", CALL(__NR_openat, AT_FDCWD, "/dev/null",
				    O_RDWR | O_CLOEXEC));
	must("dup3", CALL(__NR_dup3, 1, nowhere == 3 ? 4 : 3, O_CLOEXEC));
	if (nowhere == 3) {
		must("dup3", CALL(__NR_dup3, 3, 1, 0));
		must("dup3", CALL(__NR_dup3, 4, 3, O_CLOEXEC));
		CALL(__NR_close, 4);
	} else {
		must("dup3", CALL(__NR_dup3, nowhere, 1, 0));
	}
	/* Children inherit under these numbers: nothing else may get them. */
	must("dup3", CALL(__NR_dup3, 1, GATE, O_CLOEXEC));
	must("dup3", CALL(__NR_dup3, 1, TOLD, O_CLOEXEC));
	look(0, own);
	while (read_line(line)) {
		int count = 0;

		cut(line, words);
		if (!words[0] || !words[1])
			give_up("no such line", NULL, 0);
		for (const char *digit = words[1]; *digit; digit++)
			count = 10 * count + (*digit - '0');
		times = 0;
		proof = (struct proof){ 0 };
		perform(words[0], count, words + 2);
		answer(words[0], count);
	}
	return 0;
}
