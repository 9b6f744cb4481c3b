/*
 * inner: a source of names that a new root brings along. A C library that has
 * read `passwd: files inner` in /etc/nsswitch.conf loads it and calls it.
 *
 * It knows one user, `stranger`, whose id says which process has asked: 100000
 * and the process's id. An answer with that number was made in that process.
 * https://man7.org/linux/man-pages/man5/nsswitch.conf.5.html
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { ABOVE_ALL_IDS = 100000 };

/* As nss.h has them, which not every C library has. */
enum { TRY_AGAIN = -2, NOT_FOUND = 0, SUCCESS = 1 };

int _nss_inner_getpwnam_r(const char *name, struct passwd *user, char *buffer,
			  size_t size, int *error);

int _nss_inner_getpwnam_r(const char *name, struct passwd *user, char *buffer,
			  size_t size, int *error)
{
	static const char known[] = "stranger";

	if (strcmp(name, known) != 0)
		return NOT_FOUND;
	if (size < sizeof(known)) {
		*error = ERANGE;
		return TRY_AGAIN;
	}
	/* Every text of the entry is in the caller's buffer. */
	memcpy(buffer, known, sizeof(known));
	*user = (struct passwd){
		.pw_name = buffer,
		.pw_passwd = buffer,
		.pw_gecos = buffer,
		.pw_dir = buffer,
		.pw_shell = buffer,
		.pw_uid = ABOVE_ALL_IDS + getpid(),
	};
	return SUCCESS;
}
