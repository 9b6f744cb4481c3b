/*
 * threads: which namespaces a process may change that has one thread, or two,
 * and in which namespace a new thread begins after its maker has changed its
 * own.
 *
 * threads alone|beside
 * https://man7.org/linux/man-pages/man2/unshare.2.html
 * https://man7.org/linux/man-pages/man2/setns.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, int result)
{
	printf("%s: %s\n", what, result == -1 ? strerror(errno) : "ok");
}

static ino_t uts_of_this_thread(void)
{
	struct stat uts;

	if (stat("/proc/thread-self/ns/uts", &uts) == -1)
		err(125, "stat");
	return uts.st_ino;
}

static void *sleep_on(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void *compare_with_maker(void *maker)
{
	printf("a thread made after unshare uts: %s\n",
	       uts_of_this_thread() == *(ino_t *)maker ? "in the new one"
						       : "in the old one");
	return NULL;
}

int main(int argc, char *argv[])
{
	pthread_t thread;
	ino_t maker;

	if (argc == 2 && strcmp(argv[1], "beside") == 0)
		pthread_create(&thread, NULL, sleep_on, NULL);
	say("setns mnt", setns(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
			       CLONE_NEWNS));
	say("unshare user", unshare(CLONE_NEWUSER));
	say("unshare uts", unshare(CLONE_NEWUTS));
	maker = uts_of_this_thread();
	pthread_create(&thread, NULL, compare_with_maker, &maker);
	pthread_join(thread, NULL);
	return 0;
}
