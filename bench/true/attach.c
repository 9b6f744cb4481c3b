/*
 * attach: a payload that says in which cgroup it begins and ends, and on the
 * way goes into another one, or waits until it has been put there.
 *
 *     attach [c|p] [w]
 *
 * With `c` it writes itself into cgroup.procs of /newroot/attach; with `p` it
 * waits for a byte on descriptor 8, which its parent sends when it has written
 * that file. With `w` its status is what it has seen: 1 for a beginning in that
 * cgroup, 2 for an end there. Without, it looks at nothing and ends with 0.
 * Where its parent puts it there, it may be there before its first instruction
 * or after: with `p` it does not look at its beginning.
 */
#include "../floor/kernel.h"

enum { GATE = 8, TEXT = 4096 };

#define TARGET "/newroot/attach"

/* Returns the last part of a path of `length` bytes, and ends it there. */
static char *last_part(char *path, long length)
{
	path[length] = '\0';
	while (length > 0 && path[length - 1] != '/')
		length--;
	return path + length;
}

/* Reads the name of the process's cgroup in the hierarchy of version 2. */
static char *own(char text[TEXT])
{
	long fd = CALL(__NR_openat, AT_FDCWD, "/proc/self/cgroup", O_RDONLY);
	long length = CALL(__NR_read, fd, text, TEXT - 1);
	char *line = text;

	for (long at = 0; at < length; at++) {
		if (text[at] != '\n')
			continue;
		text[at] = '\0';
		if (line[0] == '0' && line[1] == ':' && line[2] == ':')
			return last_part(line, &text[at] - line);
		line = &text[at + 1];
	}
	quit(125);
}

/*
 * Returns whether this process is in the cgroup that /newroot/attach leads to.
 */
static int is_there(void)
{
	static char mine[TEXT], target[TEXT];
	long length = CALL(__NR_readlink, TARGET, target, TEXT - 1);

	if (length < 1)
		quit(125);
	return same(own(mine), last_part(target, length));
}

static void go_there(void)
{
	long fd = CALL(__NR_openat, AT_FDCWD, TARGET "/cgroup.procs", O_WRONLY);

	if (CALL(__NR_write, fd, "0", 1) != 1)
		quit(125);
}

static void wait_at_gate(void)
{
	char byte;

	if (CALL(__NR_read, GATE, &byte, 1) != 1)
		quit(125);
}

static int program(int argc, char *argv[])
{
	int witness = argc > 1 && same(argv[argc - 1], "w");
	int is_put = argc > 1 && same(argv[1], "p");
	int seen = witness && !is_put ? is_there() : 0;

	if (argc > 1 && same(argv[1], "c"))
		go_there();
	if (is_put)
		wait_at_gate();
	if (witness)
		seen |= is_there() << 1;
	return seen;
}
