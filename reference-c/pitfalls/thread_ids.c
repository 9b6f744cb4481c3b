/*
 * thread_ids: a change that one of two threads makes, and which of them has it.
 *
 *     thread_ids setuid         as the C library does it
 *     thread_ids raw_setuid     by the system call
 *     thread_ids no_new_privs   by prctl
 *     thread_ids chdir          the working directory
 *     thread_ids own_chdir      the same, after unshare(CLONE_FS)
 *
 * https://man7.org/linux/man-pages/man7/nptl.7.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OTHER_ID = 1000, LONGEST = 256 };

static pid_t other;
static pthread_barrier_t ready;

static void *sleep_on(void *argument)
{
	other = syscall(SYS_gettid);
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return argument;
}

static int change(const char *way)
{
	if (strcmp(way, "setuid") == 0)
		return setuid(OTHER_ID);
	if (strcmp(way, "raw_setuid") == 0)
		return syscall(SYS_setuid, OTHER_ID);
	if (strcmp(way, "no_new_privs") == 0)
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (strcmp(way, "own_chdir") == 0 && unshare(CLONE_FS) == -1)
		return -1;
	return chdir("/tmp");
}

/* What of a thread is changed, in a line. */
static void look(const char *way, pid_t thread, char line[LONGEST])
{
	const char *name = strstr(way, "setuid") ? "Uid:" : "NoNewPrivs:";
	char path[64];
	FILE *status;

	if (strstr(way, "chdir")) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/task/%d/cwd", thread);
		length = readlink(path, line, LONGEST - 1);
		if (length == -1)
			err(125, "readlink %s", path);
		line[length] = '\0';
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
	status = fopen(path, "re");
	if (status == NULL)
		err(125, "open %s", path);
	while (fgets(line, LONGEST, status))
		if (strncmp(line, name, strlen(name)) == 0)
			break;
	fclose(status);
}

int main(int argc, char *argv[])
{
	char before[LONGEST], here[LONGEST], there[LONGEST];
	pthread_t thread;

	if (argc != 2)
		errx(125, "usage: thread_ids WAY");
	pthread_barrier_init(&ready, NULL, 2);
	if (pthread_create(&thread, NULL, sleep_on, NULL) != 0)
		errx(125, "pthread_create");
	pthread_barrier_wait(&ready);
	look(argv[1], getpid(), before);
	if (change(argv[1]) == -1)
		err(125, "%s", argv[1]);
	look(argv[1], getpid(), here);
	look(argv[1], other, there);
	if (strcmp(before, here) == 0)
		puts("no thread");
	else if (strcmp(here, there) == 0)
		puts("every thread");
	else
		puts("this thread alone");
	return 0;
}
