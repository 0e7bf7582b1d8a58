/*
 * Descriptors that a forked child must not keep: by the ring's port, its place in the network namespace and the
 * connections of its neighbours, a dead parent would look alive. By its status socket, a client would wait for an
 * answer that never comes.
 */
#ifndef TOTEM_INHERITED_H
#define TOTEM_INHERITED_H

#include <sys/socket.h>
#include <sys/types.h>

/*
 * Closes the sockets of the ring that is bound to this address by the process owner, and each epoll that watches
 * them. Each is recognised anew, so a number that the program has by now is left alone. In the child of a fork: only
 * system calls, no allocation, no lock; errno is kept.
 */
void totem_cpg_close_inherited(const struct sockaddr_storage *ring, socklen_t length, pid_t owner);

#endif
