/*
 * start_with: becomes a command that starts from an odd state, as a careless
 * caller leaves it to a launcher. C, because its runtime changes nothing.
 *
 * start_with [-i SIGNAL] [-b SIGNAL] [-d FD] [-c FD] [-x FD] [-e STRING]
 *            [-n ERRNO] CMD [ARG...]
 *   -i  ignore a signal      -b  block a signal
 *   -d  leave a descriptor open on /dev/null   -c  the same, close-on-exec
 *   -x  close a descriptor
 *   -e  an entry of the environment, verbatim; one of them replaces it all
 *   -n  a seccomp filter that answers clone3(2) with the number of an errno,
 *       as those of container engines do
 * https://man7.org/linux/man-pages/man2/seccomp.2.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* The processor is not looked at: what follows is a program of this one. */
static void answer_clone3(unsigned int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(*filter),
		.filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		err(125, "prctl");
}

int main(int argc, char *argv[])
{
	char *environment[ENTRIES + 1] = { NULL };
	sigset_t blocked;
	int entries = 0;
	int option;

	sigemptyset(&blocked);
	while ((option = getopt(argc, argv, "+i:b:d:c:x:e:n:")) != -1) {
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
		case 'n':
			answer_clone3(strtoul(optarg, NULL, 10));
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
