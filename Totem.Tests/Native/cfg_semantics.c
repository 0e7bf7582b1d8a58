/* The calls of libcfg on one node that need no daemon. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static void on_shutdown(corosync_cfg_handle_t handle, corosync_cfg_shutdown_flags_t flags)
{
	(void)handle;
	(void)flags;
}

int main(void)
{
	corosync_cfg_handle_t handle = 0, silent = 0, bad = 0x1234567800000000ULL;
	corosync_cfg_callbacks_t callbacks = { on_shutdown };
	cpg_handle_t group = 0;
	unsigned int node = 0, same = 0, links = 0;
	char **names = NULL, **states = NULL, long_reason[300];
	struct corosync_cfg_node_status_v1 status;
	corosync_cfg_node_address_t address[4];
	int fd = -1, count = -1;

	CHECK("local_get of an unknown handle", CS_ERR_BAD_HANDLE, corosync_cfg_local_get(bad, &node));
	CHECK("finalize of an unknown handle", CS_ERR_BAD_HANDLE, corosync_cfg_finalize(bad));
	CHECK("initialize", CS_OK, RETRY(corosync_cfg_initialize(&handle, &callbacks)));
	if (failures > 0)
		return 1; /* no daemon: nothing below would mean anything */
	CHECK("initialize without callbacks", CS_OK, RETRY(corosync_cfg_initialize(&silent, NULL)));
	CHECK("local_get", CS_OK, RETRY(corosync_cfg_local_get(handle, &node)));
	CHECK("cpg_initialize", CS_OK, RETRY(cpg_initialize(&group, NULL)));
	CHECK("cpg_local_get", CS_OK, RETRY(cpg_local_get(group, &same)));
	CHECK("both libraries are one node", node, same);
	CHECK("fd_get", CS_OK, corosync_cfg_fd_get(handle, &fd));
	CHECK_TRUE("the descriptor is close-on-exec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK("nothing waits", 0, polled(fd, 0));
	CHECK("dispatch ALL without events", CS_OK, corosync_cfg_dispatch(handle, CS_DISPATCH_ALL));
	CHECK("dispatch ONE_NONBLOCKING without events", CS_ERR_TRY_AGAIN,
		corosync_cfg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING));

	CHECK("ring_status_get", CS_OK, RETRY(corosync_cfg_ring_status_get(handle, &names, &states, &links)));
	CHECK("ring_status: links", 1, links);
	if (links == 1) {
		CHECK_TRUE("ring_status: name", strncmp(names[0], "0 127.", 6) == 0);
		CHECK_TRUE("ring_status: state", strcmp(states[0], "OK") == 0);
		free(names[0]);
		free(states[0]);
		free(names);
		free(states);
	}
	CHECK("node_status_get of another version", CS_ERR_INVALID_PARAM,
		corosync_cfg_node_status_get(handle, node, 2, &status));
	CHECK("node_status_get without buffer", CS_ERR_INVALID_PARAM,
		corosync_cfg_node_status_get(handle, node, CFG_NODE_STATUS_V1, NULL));
	memset(&status, 0xff, sizeof(status));
	CHECK("node_status_get", CS_OK, RETRY(corosync_cfg_node_status_get(handle, node, CFG_NODE_STATUS_V1, &status)));
	CHECK("node_status: reachable", 1, status.reachable);
	CHECK("node_status: remote", 0, status.remote);
	CHECK("node_status: external", 0, status.external);
	CHECK("node_status: enabled", 1, status.link_status[0].enabled);
	CHECK("node_status: connected", 1, status.link_status[0].connected);
	CHECK("node_status: mtu", 1410, status.link_status[0].mtu);
	CHECK_TRUE("node_status: source", strncmp(status.link_status[0].src_ipaddr, "127.", 4) == 0);
	CHECK("node_status: no second link", 0, status.link_status[1].enabled);
	CHECK("node_status_get of an unknown node", CS_OK,
		RETRY(corosync_cfg_node_status_get(handle, 77777, CFG_NODE_STATUS_V1, &status)));
	CHECK("node_status: an unknown node is not reachable", 0, status.reachable);

	CHECK("get_node_addrs", CS_OK, RETRY(corosync_cfg_get_node_addrs(handle, node, 4, &count, address)));
	CHECK("get_node_addrs: count", 1, count);
	CHECK("get_node_addrs: length", 16, address[0].address_length);
	CHECK("get_node_addrs: family", AF_INET, ((struct sockaddr_in *)address[0].address)->sin_family);
	CHECK("get_node_addrs: port", 0, ((struct sockaddr_in *)address[0].address)->sin_port);
	CHECK("get_node_addrs: network", 127, ntohl(((struct sockaddr_in *)address[0].address)->sin_addr.s_addr) >> 24);
	CHECK("get_node_addrs of node 0", CS_OK, RETRY(corosync_cfg_get_node_addrs(handle, 0, 4, &count, address)));
	CHECK("get_node_addrs of node 0: count", 1, count);
	CHECK("get_node_addrs of an unknown node", CS_ERR_NOT_EXIST,
		RETRY(corosync_cfg_get_node_addrs(handle, 77777, 4, &count, address)));

	memset(long_reason, 'r', sizeof(long_reason));
	long_reason[299] = 0;
	CHECK("kill_node with a long reason", CS_ERR_NAME_TOO_LONG, corosync_cfg_kill_node(handle, 77777, long_reason));
	CHECK("kill_node of an unknown node", CS_ERR_NOT_EXIST, RETRY(corosync_cfg_kill_node(handle, 77777, "test")));
	CHECK("trackstart", CS_OK, RETRY(corosync_cfg_trackstart(handle, 0)));
	CHECK("trackstart again", CS_OK, RETRY(corosync_cfg_trackstart(handle, 0)));
	CHECK("trackstop", CS_OK, RETRY(corosync_cfg_trackstop(handle)));
	CHECK("trackstop again", CS_OK, RETRY(corosync_cfg_trackstop(handle)));
	CHECK("replyto_shutdown without request", CS_OK,
		RETRY(corosync_cfg_replyto_shutdown(handle, COROSYNC_CFG_SHUTDOWN_FLAG_YES)));
	CHECK("reopen_log_files", CS_OK, RETRY(corosync_cfg_reopen_log_files(handle)));

	CHECK("finalize", CS_OK, corosync_cfg_finalize(handle));
	CHECK("finalize twice", CS_ERR_BAD_HANDLE, corosync_cfg_finalize(handle));
	CHECK("finalize", CS_OK, corosync_cfg_finalize(silent));
	CHECK("cpg_finalize", CS_OK, cpg_finalize(group));
	return done();
}
