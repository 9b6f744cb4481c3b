/*
 * start_with: becomes a command that starts from an odd state, as a careless
 * caller leaves it to a launcher. C, because its runtime changes nothing.
 *
 * start_with [-i SIGNAL] [-b SIGNAL] [-d FD] [-c FD] [-x FD] [-e STRING]
 *            CMD [ARG...]
 *   -i  ignore a signal      -b  block a signal
 *   -d  leave a descriptor open on /dev/null   -c  the same, close-on-exec
 *   -x  close a descriptor
 *   -e  an entry of the environment, verbatim; one of them replaces it all
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENTRIES = 32 };

static int signal_named(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "CHLD", SIGCHLD }, { "HUP", SIGHUP },	  { "PIPE", SIGPIPE },
		{ "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	errx(125, "no signal is called %s", name);
}

static void leave_open(int fd, int flag)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null == -1 || dup3(null, fd, flag) == -1)
		err(125, "dup3 %d", fd);
	close(null);
}

int main(int argc, char *argv[])
{
	char *environment[ENTRIES + 1] = { NULL };
	sigset_t blocked;
	int entries = 0;
	int option;

	sigemptyset(&blocked);
	while ((option = getopt(argc, argv, "+i:b:d:c:x:e:")) != -1) {
		switch (option) {
		case 'i':
			signal(signal_named(optarg), SIG_IGN);
			break;
		case 'b':
			sigaddset(&blocked, signal_named(optarg));
			break;
		case 'd':
			leave_open(atoi(optarg), 0);
			break;
		case 'c':
			leave_open(atoi(optarg), O_CLOEXEC);
			break;
		case 'x':
			close(atoi(optarg));
			break;
		case 'e':
			if (entries == ENTRIES)
				errx(125, "too many entries");
			environment[entries++] = optarg;
			break;
		default:
			return 125;
		}
	}
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	if (entries > 0)
		execvpe(argv[optind], argv + optind, environment);
	else
		execvp(argv[optind], argv + optind);
	err(127, "%s", argv[optind]);
}
