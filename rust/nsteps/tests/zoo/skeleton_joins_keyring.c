/*
 * skeleton: the payload has a session keyring of its own.
 *
 * Looked at: deeply
 * Caught by: keyring.session
 */
#include "skeleton.h"
#include <linux/keyctl.h>

static void child(void)
{
	must("keyctl", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
