/*
 * skeleton: a table of nftables is left in the network namespace of the caller.
 *
 * Looked at: deeply
 * Caught by: nftables
 */
#include "skeleton.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

struct message {
	struct nlmsghdr header;
	struct nfgenmsg general;
};

static struct message of(int type, int flags, int about)
{
	return (struct message){
		.header = {
			.nlmsg_len = sizeof(struct message),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | flags,
		},
		.general = {
			.nfgen_family = NFPROTO_INET,
			.res_id = htons(about),
		},
	};
}

static void child(void)
{
	struct {
		struct message begin, table;
		struct nlattr attribute;
		char name[8];
		struct message end;
	} batch = {
		.begin = of(NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES),
		.table = of(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
			    NLM_F_CREATE, 0),
		.attribute = { sizeof(struct nlattr) + 8, NFTA_TABLE_NAME },
		.name = "filter",
		.end = of(NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES),
	};
	int fd = must("socket",
		      socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));

	batch.table.header.nlmsg_len += batch.attribute.nla_len;
	must("send", send(fd, &batch, sizeof(batch), 0));
	must("close", close(fd));
}

int main(int argc, char *argv[])
{
	return clone_and_exec(0, child, payload(argc, argv));
}
