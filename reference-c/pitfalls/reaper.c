/*
 * reaper: an init that waits for every child, and also calls a function that
 * makes one.
 *
 * reaper BOUND calls system(3) until the other thread has waited for its child,
 * or so many times; system(3) then has nothing to wait for.
 * https://man7.org/linux/man-pages/man3/system.3.html
 * https://man7.org/linux/man-pages/man2/wait.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *reap(void *argument)
{
	for (;;)
		if (waitpid(-1, NULL, 0) == -1)
			sched_yield();
	return argument;
}

int main(int argc, char *argv[])
{
	long bound = argc == 2 ? strtol(argv[1], NULL, 10) : 1;
	pthread_t thread;

	if (pthread_create(&thread, NULL, reap, NULL) != 0)
		errx(125, "pthread_create");
	for (long child = 1; child <= bound; child++)
		if (system("exit 3") == -1) {
			printf("child %ld: %s\n", child, strerror(errno));
			return 0;
		}
	printf("%ld children, none lost\n", bound);
	return 0;
}
