/*
 * user_lookup: a process that changes its root, and then looks a user up.
 *
 *     user_lookup ROOT NAME           the lookup happens below ROOT
 *     user_lookup ROOT NAME EARLIER   another name is looked up before
 *
 * Prints the id of the user.
 * https://man7.org/linux/man-pages/man3/getpwnam.3.html
 * https://man7.org/linux/man-pages/man5/nsswitch.conf.5.html
 */
#define _GNU_SOURCE
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	struct passwd *user;

	if (argc < 3)
		errx(125, "usage: user_lookup ROOT NAME [EARLIER]");
	if (argc > 3)
		getpwnam(argv[3]);
	if (chroot(argv[1]) == -1 || chdir("/") == -1)
		err(125, "chroot %s", argv[1]);
	user = getpwnam(argv[2]);
	if (user)
		printf("uid %d\n", (int)user->pw_uid);
	else
		puts("no such user");
	return 0;
}
