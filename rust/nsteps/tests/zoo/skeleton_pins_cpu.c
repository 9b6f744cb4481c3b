/*
 * skeleton: the payload runs on one processor only.
 *
 * Caught by: scheduling.cpus
 */
#include "skeleton.h"

static void child(void)
{
	cpu_set_t cpus;
	int cpu = 0;

	must("sched_getaffinity", sched_getaffinity(0, sizeof(cpus), &cpus));
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	must("sched_setaffinity", sched_setaffinity(0, sizeof(cpus), &cpus));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
