/*
 * launch: the floor of whole launches: does what a step does, as a program
 * without a C library, by one clone that shares its parent's memory.
 *
 *     floor-launch STEP [NEWROOT] CMD [ARG...]
 */
#include "kernel.h"

/* The operations of the child, in the order of the steps that use them. */
enum {
	PRIVATE = 1 << 0,
	RPRIVATE = 1 << 1,
	TMPFS = 1 << 2,
	HOSTNAME = 1 << 3,
	PROC = 1 << 4,
	DETACH_PROC = 1 << 5,
	PIVOT = 1 << 6,
	BY_DESCRIPTORS = 1 << 7,
};

static const struct step {
	const char *name;
	unsigned long flags;
	int work;
	const char *hostname;
} steps[] = {
	{ "skeleton", 0, 0, NULL },
	{ "network", CLONE_NEWNET, 0, NULL },
	{ "mount", CLONE_NEWNS, TMPFS, NULL },
	{ "mount_private", CLONE_NEWNS, PRIVATE | TMPFS, NULL },
	{ "mount_rprivate", CLONE_NEWNS, RPRIVATE | TMPFS, NULL },
	{ "mount_fd", CLONE_NEWNS, BY_DESCRIPTORS, NULL },
	{ "uts", CLONE_NEWUTS, HOSTNAME, "myhostname" },
	{ "ipc", CLONE_NEWIPC, 0, NULL },
	{ "pid_oldproc", CLONE_NEWPID, 0, NULL },
	{ "pid", CLONE_NEWPID | CLONE_NEWNS, PROC, NULL },
	{ "pid_detach", CLONE_NEWPID | CLONE_NEWNS, DETACH_PROC, NULL },
	{ "user", CLONE_NEWUSER, 0, NULL },
	{ "net_mount", CLONE_NEWNET | CLONE_NEWNS, TMPFS, NULL },
	{ "net_mount_uts", CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS,
	  TMPFS | HOSTNAME, "custom_hostname" },
	{ "net_mount_uts_ipc",
	  CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
	  TMPFS | HOSTNAME, "custom_hostname" },
	{ "net_mount_uts_ipc_pid",
	  CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
		  CLONE_NEWPID,
	  TMPFS | HOSTNAME | PROC, "custom_hostname" },
	{ "pivot_root", CLONE_NEWNS | CLONE_NEWPID, PIVOT, NULL },
	{ "cgroup", CLONE_NEWCGROUP, 0, NULL },
	{ "six",
	  CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET |
		  CLONE_NEWPID | CLONE_NEWUTS,
	  PIVOT, NULL },
};

static char stack[16 * 1024] __attribute__((aligned(16)));
static const struct step *step;
static const char *root;
static char put_old[4096 + 8];
static char **command;

/*
 * The call that failed. The child shares this memory, so the parent can read
 * it.
 */
static const char *failed;

static void must(const char *call, long result)
{
	if (result < 0) {
		failed = call;
		quit(125);
	}
}

static const char *mytmp(void)
{
	static const char name[] = "MYTMP=";

	for (char **entry = environment; *entry; entry++) {
		size_t i = 0;

		while (name[i] && (*entry)[i] == name[i])
			i++;
		if (!name[i])
			return *entry + i;
	}
	return "/mytmp";
}

static void mount_by_descriptors(void)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	long context, tmpfs;

	must("mount_setattr", CALL(__NR_mount_setattr, AT_FDCWD, "/",
				   AT_RECURSIVE, &private, sizeof(private)));
	context = CALL(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	must("fsopen", context);
	must("fsconfig", CALL(__NR_fsconfig, context, FSCONFIG_SET_STRING,
			      "source", "none", 0));
	must("fsconfig",
	     CALL(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	tmpfs = CALL(__NR_fsmount, context, FSMOUNT_CLOEXEC, 0);
	must("fsmount", tmpfs);
	must("move_mount", CALL(__NR_move_mount, tmpfs, "", AT_FDCWD, mytmp(),
				MOVE_MOUNT_F_EMPTY_PATH));
}

static void mount_proc(void)
{
	must("mount", CALL(__NR_mount, "proc", "/proc", "proc", 0, ""));
}

static void enter_new_root(void)
{
	must("mount", CALL(__NR_mount, "none", "/", 0, MS_REC | MS_PRIVATE));
	must("mount", CALL(__NR_mount, root, root, 0, MS_BIND | MS_REC));
	must("mkdir", CALL(__NR_mkdir, put_old, 0700));
	must("pivot_root", CALL(__NR_pivot_root, root, put_old));
	must("chdir", CALL(__NR_chdir, "/"));
	must("mount", CALL(__NR_mount, "none", "/dev", "tmpfs",
			   MS_NOSUID | MS_STRICTATIME, ""));
	mount_proc();
	must("umount2", CALL(__NR_umount2, "/.old", MNT_DETACH));
	must("rmdir", CALL(__NR_rmdir, "/.old"));
}

static void child(void *unused)
{
	(void)unused;
	if (step->work & PRIVATE)
		must("mount", CALL(__NR_mount, "none", "/", 0, MS_PRIVATE));
	if (step->work & RPRIVATE)
		must("mount",
		     CALL(__NR_mount, "none", "/", 0, MS_REC | MS_PRIVATE));
	if (step->work & TMPFS)
		must("mount",
		     CALL(__NR_mount, "none", mytmp(), "tmpfs", 0, ""));
	if (step->work & BY_DESCRIPTORS)
		mount_by_descriptors();
	if (step->work & HOSTNAME)
		must("sethostname", CALL(__NR_sethostname, step->hostname,
					 length(step->hostname)));
	if (step->work & (PROC | DETACH_PROC)) {
		must("umount2",
		     CALL(__NR_umount2, "/proc",
			  step->work & DETACH_PROC ? MNT_DETACH : 0));
		mount_proc();
	}
	if (step->work & PIVOT)
		enter_new_root();
	must("execve", CALL(__NR_execve, command[0], command, environment));
}

/* Writes words one after the other; it is on its way out. */
static _Noreturn void print_error(const char *one, const char *two)
{
	CALL(__NR_write, 2, one, length(one));
	CALL(__NR_write, 2, two, length(two));
	CALL(__NR_write, 2, "\n", 1);
	quit(125);
}

static int program(int argc, char *argv[])
{
	long pid;
	int status;
	int operand = 2;

	for (size_t i = 0; argc > 1 && i < LENGTH(steps); i++)
		if (same(argv[1], steps[i].name))
			step = &steps[i];
	if (step && step->work & PIVOT)
		operand++;
	if (!step || argc <= operand)
		print_error("usage: floor-launch STEP [NEWROOT] CMD [ARG...]",
			    "");
	if (step->work & PIVOT) {
		size_t n;

		root = argv[2];
		n = length(root);
		if (n > 4096)
			print_error("floor-launch: too long: ", root);
		memcpy(put_old, root, n);
		memcpy(put_old + n, "/.old", 6);
	}
	command = argv + operand;
	pid = clone_and_run(step->flags | CLONE_VM | CLONE_VFORK,
			    stack + sizeof(stack), child, NULL);
	if (pid < 0)
		print_error("floor-launch: ", "clone");
	status = wait_for(pid);
	if (failed)
		print_error("floor-launch: ", failed);
	if (status & 0x7f)
		return 128 + (status & 0x7f);
	return status >> 8;
}
