/*
 * skeleton: a route is left in the network namespace of the caller.
 *
 * Looked at: deeply
 * Caught by: routes.ipv4
 */
#include "skeleton.h"
#include <arpa/inet.h>
#include <net/route.h>
#include <netinet/in.h>

static struct sockaddr address(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr any;

	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&any, &address, sizeof(any));
	return any;
}

static void child(void)
{
	struct rtentry route = {
		.rt_dst = address("192.0.2.0"),
		.rt_genmask = address("255.255.255.0"),
		.rt_flags = RTF_UP,
		.rt_dev = "veth0",
	};
	int fd = must("socket", socket(AF_INET, SOCK_DGRAM, 0));

	must("ioctl", ioctl(fd, SIOCADDRT, &route));
	must("close", close(fd));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
