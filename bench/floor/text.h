/*
 * text: the output of the floor: its lines, the paths of /proc, and its error
 * messages.
 */
#ifndef TEXT_H
#define TEXT_H

#include "kernel.h"

enum { LINE = 4096 };

/* Text is collected here, and written with one call. */
static char text[LINE];
static size_t written;

static void put(const char *word)
{
	while (*word && written < sizeof(text) - 1)
		text[written++] = *word++;
	text[written] = '\0';
}

static void put_number(long value)
{
	char digits[24];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = '0' + value % 10;
	while (value /= 10);
	put(at);
}

static void flush(int fd)
{
	CALL(__NR_write, fd, text, written);
	written = 0;
}

/*
 * Ends with a line: what was done, on what, and the error number, if there is
 * one.
 */
static _Noreturn void give_up(const char *what, const char *on, long error)
{
	written = 0;
	put("floor: ");
	put(what);
	if (on) {
		put(" ");
		put(on);
	}
	if (error) {
		put(": error ");
		put_number(error);
	}
	put("\n");
	flush(2);
	quit(1);
}

static long must(const char *call, long result)
{
	if (result < 0)
		give_up(call, NULL, -result);
	return result;
}

/* The path of a file in the /proc directory of a process. */
static const char *proc(long pid, const char *directory, const char *file)
{
	static char path[64];

	written = 0;
	put("/proc/");
	if (pid)
		put_number(pid);
	else
		put("thread-self");
	put(directory);
	put(file);
	memcpy(path, text, written + 1);
	written = 0;
	return path;
}

#endif
