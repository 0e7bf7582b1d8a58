/* As a program that wants to know who serves it: says who made the other end of its descriptor, and what it got
 * before. */
#include "check.h"

#include <sys/socket.h>

int main(void)
{
	cpg_handle_t handle;
	cpg_callbacks_t callbacks = {NULL, NULL};
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	int descriptor = -1;
	cs_error_t result = RETRY(cpg_initialize(&handle, &callbacks));

	if (result == CS_OK)
		result = cpg_fd_get(handle, &descriptor);
	printf("result %d\n", result);
	if (result != CS_OK)
		return 1;
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		return 2;
	printf("peer %s user %u group %u\n", peer.pid == getpid() ? "itself" : "another", peer.uid, peer.gid);
	return cpg_finalize(handle) != CS_OK;
}
