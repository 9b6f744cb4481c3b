/*
 * grow: makes the peer large before anything is timed, and reports its size: in
 * memory, in threads, in mounts, in existing networks.
 */
#ifndef GROW_H
#define GROW_H

#include "skeleton.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { MIB = 1024 * 1024, MOST_NETWORKS = 4096 };

/* Returns the number behind a word in a file of /proc/self. */
static long number_in(const char *path, const char *word)
{
	char line[256];
	long number = -1;
	FILE *file = fopen(path, "re");

	if (!file)
		err(1, "%s", path);
	while (number < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, word, strlen(word)) == 0)
			number = strtol(line + strlen(word), NULL, 10);
	fclose(file);
	return number;
}

/*
 * Allocates memory, in pages of the smallest size whatever the machine prefers.
 * The size comes from smaps_rollup, because VmRSS would be an estimate.
 */
static long grow_memory(int mib)
{
	size_t size = (size_t)mib * MIB;
	long page = sysconf(_SC_PAGESIZE);

	if (size > 0) {
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			err(1, "mmap");
		/* A kernel without huge pages does not have this advice. */
		madvise(memory, size, MADV_NOHUGEPAGE);
		for (size_t at = 0; at < size; at += page)
			((volatile char *)memory)[at] = 1;
	}
	return number_in("/proc/self/smaps_rollup", "Rss:");
}

/* A thread that sleeps as long as the peer lives. */
static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static long grow_threads(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		errno = pthread_create(&thread, NULL, sleeper, NULL);
		must("pthread_create", errno ? -1 : 0);
	}
	return number_in("/proc/self/status", "Threads:");
}

/* Returns the number of lines of this process's mount table. */
static long mounts(void)
{
	long lines = 0;
	int letter;
	FILE *table = fopen("/proc/thread-self/mountinfo", "re");

	if (!table)
		err(1, "mountinfo");
	while ((letter = fgetc(table)) != EOF)
		lines += letter == '\n';
	fclose(table);
	return lines;
}

/* A mount namespace of its own, with a tmpfs and directories bound in it. */
static long grow_mounts(int count)
{
	char path[PATH_MAX];

	must("unshare", unshare(CLONE_NEWNS));
	if (count > 0)
		must("mount", mount("none", mytmp(), "tmpfs", 0, ""));
	for (int i = 1; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%d", mytmp(), i);
		must("mkdir", mkdir(path, 0700));
		must("mount", mount(path, path, NULL, MS_BIND, NULL));
	}
	return mounts();
}

static int by_inode(const void *one, const void *other)
{
	ino_t a = *(const ino_t *)one, b = *(const ino_t *)other;

	return (a > b) - (a < b);
}

static int open_network(void)
{
	return must("open",
		    open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

/*
 * Holds this many network namespaces by descriptors: makes the missing ones,
 * releases the others. How many exist matters to the kernel and not to a
 * language, so one peer holds them for all.
 */
static long grow_networks(int count)
{
	static int held[MOST_NETWORKS];
	static int holding;
	static ino_t inodes[MOST_NETWORKS];
	struct rlimit limit;
	struct stat seen;
	long different = 0;
	int home = open_network();

	if (count > MOST_NETWORKS)
		errx(1, "no more than %d networks", MOST_NETWORKS);
	must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
	while (holding < count) {
		must("unshare", unshare(CLONE_NEWNET));
		held[holding++] = open_network();
	}
	while (holding > count)
		close(held[--holding]);
	must("setns", setns(home, CLONE_NEWNET));
	close(home);

	for (int i = 0; i < holding; i++) {
		must("fstat", fstat(held[i], &seen));
		inodes[i] = seen.st_ino;
	}
	qsort(inodes, holding, sizeof(inodes[0]), by_inode);
	for (int i = 0; i < holding; i++)
		different += i == 0 || inodes[i] != inodes[i - 1];
	return different;
}

/* Grows, and reports the new size as a file of /proc states it. */
static void grow(const char *what, int count, char *proof, size_t size)
{
	const char *unit;
	long now;

	if (count < 0)
		errx(1, "no such count: %d", count);
	if (strcmp(what, "memory") == 0) {
		now = grow_memory(count);
		unit = "KiB";
	} else if (strcmp(what, "threads") == 0) {
		now = grow_threads(count);
		unit = "threads";
	} else if (strcmp(what, "mounts") == 0) {
		now = grow_mounts(count);
		unit = "mounts";
	} else if (strcmp(what, "networks") == 0) {
		now = grow_networks(count);
		unit = "networks";
	} else {
		errx(1, "nothing grows in %s", what);
	}
	snprintf(proof, size, "%s*%ld", unit, now);
}

#endif
