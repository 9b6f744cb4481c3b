/*
 * skeleton: a POSIX queue is left behind.
 *
 * Caught by: mqueue.queues residue.mqueue.queues
 */
#include "skeleton.h"
#include <mqueue.h>

static void child(void)
{
	must("mq_open", mq_open("/left", O_CREAT | O_RDWR, 0600, NULL));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
