/*
 * refuse CALL ANSWER CMD [ARG...]: becomes a command for which the kernel
 * answers one system call with an errno, or with SIGSYS. Without arguments it
 * lists the calls.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name) { #name, SYS_##name }

static const struct {
	const char *name;
	unsigned int number;
} calls[] = {
	CALL(bind),	      CALL(capget),	CALL(chdir),
	CALL(chmod),	      CALL(chown),	CALL(clone),
	CALL(close_range),    CALL(dup2),
	CALL(fchmodat),	      CALL(fcntl),	CALL(flock),
	CALL(fork),	      CALL(fstatfs),	CALL(getdents64),
	CALL(getrandom),      CALL(inotify_init1), CALL(kill),
	CALL(listen),	      CALL(mkdir),	CALL(mknod),
	CALL(mount),	      CALL(mount_setattr), CALL(msgget),
	CALL(open_tree),      CALL(pidfd_open), CALL(pidfd_send_signal),
	CALL(pipe2),	      CALL(pivot_root), CALL(poll),
	CALL(prctl),	      CALL(prlimit64),	CALL(ptrace),
	CALL(readlink),	      CALL(recvmsg),	CALL(rt_sigprocmask),
	CALL(sendmsg),	      CALL(sendto),	CALL(sethostname),
	CALL(setns),	      CALL(setsid),	CALL(signalfd4),
	CALL(socket),	      CALL(socketpair), CALL(statx),
	CALL(symlink),	      CALL(umask),	CALL(umount2),
	CALL(unshare),	      CALL(wait4),	CALL(waitid),
};

static const struct {
	const char *name;
	unsigned int value;
} answers[] = {
	{ "EPERM", SECCOMP_RET_ERRNO | EPERM },
	{ "ENOSYS", SECCOMP_RET_ERRNO | ENOSYS },
	{ "kill", SECCOMP_RET_KILL_PROCESS },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(int argc, char *argv[])
{
	unsigned int call = 0, answer = 0;

	if (argc < 4) {
		for (size_t it = 0; it < COUNT(calls); it++)
			puts(calls[it].name);
		return 0;
	}
	while (call < COUNT(calls) && strcmp(calls[call].name, argv[1]))
		call++;
	while (answer < COUNT(answers) && strcmp(answers[answer].name, argv[2]))
		answer++;
	if (call == COUNT(calls) || answer == COUNT(answers))
		return 125;

	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[call].number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answers[answer].value),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = COUNT(filter),
		.filter = filter,
	};

	/* Without no_new_privs, which would be an effect: root may do that. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))) {
		perror("seccomp");
		return 125;
	}
	execv(argv[3], argv + 3);
	/* The call that is refused may be execve itself. */
	return 126;
}
