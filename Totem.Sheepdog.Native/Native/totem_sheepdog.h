/* SPDX-License-Identifier: MIT */
/*
 * Cluster drivers for Sheepdog's daemon, without a daemon of their own: membership, one total order of messages, turns
 * and locks.
 *
 * An application opens a driver, polls one descriptor, and calls totem_sheepdog_dispatch() when it is readable;
 * everything that happens in the cluster is a callback in there. Operations only put something on its way and return.
 *
 *     totem_sheepdog_handle handle;
 *     if (totem_sheepdog_open("totem", 18, &callbacks, user, &handle) < 0)
 *             errx(1, "%s", totem_sheepdog_error());
 *     totem_sheepdog_join(handle, &node, sizeof(node), info, info_length);
 *     struct pollfd poll_for = { .fd = totem_sheepdog_fd(handle), .events = POLLIN };
 *     while (poll(&poll_for, 1, -1) > 0)
 *             totem_sheepdog_dispatch(handle);
 *
 * RESULTS. Every function returns 0, or a negated errno value, whose text is totem_sheepdog_error(). No argument
 * whatever makes the library crash, except a pointer to memory that is not there. Common to all:
 *     -EBADF            the handle was closed, is made up, or is one of the parent process
 *     -EINVAL           a null pointer or a length out of range; see each function for more
 *     -ENOTRECOVERABLE  a defect of the library; the text is for its authors
 *     -ENOMEM           no memory, or a limit of the process leaves none, or no threads or descriptors; the text says
 *                       which
 *     -ENOSYS           the engine (libtotem_sheepdog_engine.so.0) is not installed beside the library, or does not
 *                       match it
 *
 * THREADS. All functions but totem_sheepdog_lock() and totem_sheepdog_unlock() belong to one thread for each handle,
 * the one that dispatches. Locks may be taken and given back by any thread, at any time. totem_sheepdog_error() speaks
 * of the calling thread.
 *
 * CALLBACKS run in the thread that calls totem_sheepdog_dispatch(), one after the other, never from within an
 * operation. In a callback every operation may be called except dispatch and close (-EBUSY) and lock (-EDEADLK). exit()
 * may be called; longjmp out of a callback may not. Memory that pointers point to is valid until the callback returns.
 * Nodes and messages begin at multiples of 8.
 *
 * NODES are bytes that the library does not interpret. The first identity_length of them say who it is and never
 * change; the others may (totem_sheepdog_update_node). 1 to TOTEM_SHEEPDOG_NODE_MAX bytes.
 *
 * SIGNALS. The library's own threads block every signal, so handlers run in the application's threads and signalfd and
 * sigwait see what they wait for. Not blocked are faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP) and the first
 * real-time signal (SIGRTMIN), with which the runtime stops its threads: an application must not use that one. The
 * runtime has handlers for SIGSEGV and SIGFPE and calls the application's, if they were installed before open, for what
 * is not its own; so crash handlers work.
 *
 * FORK before the first open, as often as you like. A child that is forked later has no engine: every function answers
 * -EBADF there, and open -ENOSYS. Descriptors are closed by exec.
 *
 * THE END. exit(), and the return from main, wait until the others have what was sent, for at most 10 s; so does
 * totem_sheepdog_close(). To the others the process has left. A process that ends without them, by _exit() or a signal,
 * is noticed as dead, and takes along what was not sent. The library is never unloaded.
 */
#ifndef TOTEM_SHEEPDOG_H
#define TOTEM_SHEEPDOG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOTEM_SHEEPDOG_NODE_MAX 4096		/* bytes of a node */
#define TOTEM_SHEEPDOG_MESSAGE_MAX 131072	/* bytes of a message: SD_MAX_EVENT_BUF_SIZE */
#define TOTEM_SHEEPDOG_OPAQUE_MAX 4194304	/* bytes of a join's opaque buffer */

/* An open driver. Never 0. */
typedef uint64_t totem_sheepdog_handle;

/* A node in a callback. */
struct totem_sheepdog_node {
	const void *bytes;
	size_t length;
};

/*
 * The events of the cluster. All but `log` must be set. `user` is what was given to totem_sheepdog_open(). `members` is
 * an array of `count`, the oldest first, the same on all nodes. All members see the same sequence of accept, leave,
 * notify and update_node, each from its own accept on.
 */
struct totem_sheepdog_callbacks {
	size_t size; /* sizeof(struct totem_sheepdog_callbacks); later versions may append */

	/*
	 * May this node come in? Called on one member, and on the joiner itself (count 0) when there are none; once more on
	 * another member when the first dies before the others have heard its answer. `opaque` is the joiner's buffer in its
	 * full length; what is written into it is what everybody gets in `accept`. Return 1, or 0 to refuse: then the join is
	 * forgotten everywhere.
	 */
	int (*join)(void *user, const struct totem_sheepdog_node *joining, const struct totem_sheepdog_node *members,
		size_t count, void *opaque, size_t opaque_length);

	/* The node is a member from here on; `members` has it. The first callback of a joiner, but for its own `join` when
	 * it is the first. */
	void (*accept)(void *user, const struct totem_sheepdog_node *joined, const struct totem_sheepdog_node *members,
		size_t count, const void *opaque, size_t opaque_length);

	/* The node left, died or was cut off; `members` is without it. Once for each accept; on the one that left, too. */
	void (*leave)(void *user, const struct totem_sheepdog_node *left, const struct totem_sheepdog_node *members,
		size_t count);

	/* A message of notify or unblock. The callback may write into it. */
	void (*notify)(void *user, const struct totem_sheepdog_node *sender, void *message, size_t length);

	/*
	 * It is this node's turn: nobody else has one until it calls unblock. Return 1 when the operation has begun. On 0 it
	 * is asked again after the next event.
	 */
	int (*block)(void *user, const struct totem_sheepdog_node *self);

	/* A member described itself anew. */
	void (*update_node)(void *user, const struct totem_sheepdog_node *node);

	/*
	 * The session is lost, and the cluster can be reached again. Forget members, turns and locks; call
	 * totem_sheepdog_reopen() and totem_sheepdog_join(), in here or later. Return 1, or 0 when that failed: it is called
	 * again after a second.
	 */
	int (*reconnect)(void *user);

	/* The driver is over for good and will not come back. End the process, or close the handle after dispatch has
	 * returned. */
	void (*failed)(void *user, const char *reason);

	/*
	 * A line for the operator's log, without a newline: where the cluster lives and who is expected, what looks wrong
	 * about it, each change with its cause. `level` is syslog's: LOG_ERR, LOG_WARNING or LOG_INFO. May be null, and not be
	 * there in a program that was built before it was: then there is no log. Of lines that wait the first thousand are
	 * kept.
	 */
	void (*log)(void *user, int level, const char *text);
};

/*
 * Opens a driver and connects it.
 *
 * driver           NAME[:OPTION] as sheep's -c: "totem", "totem:port=6000,group=test", "zookeeper:HOST:PORT,..."; a
 *                  null pointer or an empty text is the default, "totem". docs/reference/drivers.md has the names and
 *                  options. Copied.
 * identity_length  how many of a node's first bytes say who it is; sheep: 18, address and port
 * callbacks        copied
 * user             handed to every callback
 * handle           gets the handle; it is not touched on failure
 *
 * -EINVAL  there is no such driver, or its option or the configuration file that it names is wrong: the text says what
 *          was expected
 * -EIO     it cannot be started: a port, a directory, a server; the text says which
 * -ENFILE  too many handles or descriptors
 *
 * It returns in milliseconds when the backend is on this host; a server that does not answer is waited for as
 * docs/reference/drivers.md says.
 */
int totem_sheepdog_open(const char *driver, size_t identity_length, const struct totem_sheepdog_callbacks *callbacks,
	void *user, totem_sheepdog_handle *handle);

/*
 * Connects the handle's driver again, with the same option, after `reconnect`. The descriptor stays the same. Threads
 * that wait for a lock go on waiting, and get it from the new session. Without a loss it does no harm. Errors as open.
 */
int totem_sheepdog_reopen(totem_sheepdog_handle handle);

/*
 * The descriptor to poll for reading: readable (level-triggered) exactly while totem_sheepdog_dispatch() has something
 * to do, never hung up. The application neither reads from it nor closes it. The same for the life of the handle.
 */
int totem_sheepdog_fd(totem_sheepdog_handle handle);

/*
 * Makes the next callback, one, and returns; never waits. 0 also when there was none to make. The descriptor stays
 * readable while more wait, so an event loop comes back for them and sees to everything else in between.
 * -EBUSY  called from within a callback
 */
int totem_sheepdog_dispatch(totem_sheepdog_handle handle);

/*
 * The address others reach this host at, as sheep writes it: 16 bytes, IPv6, or twelve zeros and IPv4.
 * -EINVAL  there is none; the text says why
 */
int totem_sheepdog_get_local_addr(totem_sheepdog_handle handle, uint8_t address[16]);

/*
 * Asks to become a member; the answer is the callback `accept`. Node and opaque are copied. The opaque buffer, up to
 * TOTEM_SHEEPDOG_OPAQUE_MAX bytes (zookeeper: 900000), arrives in its full length; zeros at its end are not sent. Once
 * for each open or reopen.
 * -EINVAL  also: a node shorter than identity_length
 */
int totem_sheepdog_join(totem_sheepdog_handle handle, const void *node, size_t node_length, const void *opaque,
	size_t opaque_length);

/* Stops being a member. The node's own `leave` follows; it goes on hearing and may go on sending, as a gateway
 * without disks does. */
int totem_sheepdog_leave(totem_sheepdog_handle handle);

/*
 * Sends a message, 0 to TOTEM_SHEEPDOG_MESSAGE_MAX bytes, to everybody including this node, in the total order. Copied.
 * Own messages come back in the order they were sent.
 * -ENOTCONN  not sent: there is no session now, or more is waiting than is kept (64 MiB)
 */
int totem_sheepdog_notify(totem_sheepdog_handle handle, const void *message, size_t length);

/*
 * Asks for a turn; it comes as the callback `block`. Turns are given one at a time in the total order; they hold back
 * other turns and nothing else.
 * -ENOTCONN  as notify
 */
int totem_sheepdog_block(totem_sheepdog_handle handle);

/*
 * Ends this node's oldest turn and sends a message, at one place of the order: everybody gets `notify`.
 * -ENOTCONN  there is no session now
 */
int totem_sheepdog_unblock(totem_sheepdog_handle handle, const void *message, size_t length);

/*
 * Describes this node anew to everybody (`update_node`). Dropped when the node is no member.
 * -EINVAL      also: another identity than the one that joined
 * -ENOTCONN    as notify
 * -EOPNOTSUPP  this driver cannot do that
 */
int totem_sheepdog_update_node(totem_sheepdog_handle handle, const void *node, size_t length);

/*
 * Waits until the calling thread has the cluster's lock of that number. Any thread but the one that dispatches, whose
 * callbacks go on meanwhile. Signals for the thread are delivered when it returns. When the process dies, or its
 * session is lost, the lock goes on to the next.
 * -EDEADLK    called from within a callback
 * -ECANCELED  the handle was closed meanwhile
 */
int totem_sheepdog_lock(totem_sheepdog_handle handle, uint64_t id);

/*
 * Gives the lock back. Any thread.
 * -ENOLCK  it is not held, or no longer: the session in which it was taken is lost, and somebody else may have had it
 *          since
 */
int totem_sheepdog_unlock(totem_sheepdog_handle handle, uint64_t id);

/*
 * Ends the driver, behind what was sent: returns when the others have that, after at most 10 s. To the others the node
 * has left. Threads that wait for a lock get -ECANCELED. The handle and its descriptor are gone.
 * -EBUSY  called from within a callback
 */
int totem_sheepdog_close(totem_sheepdog_handle handle);

/*
 * The words of this thread's last function that failed, in English, for the operator's log: what is wrong and what was
 * expected. A line a problem, without a newline at the end; a configuration file can have several. Never null; valid
 * until the next failure in this thread.
 */
const char *totem_sheepdog_error(void);

#ifdef __cplusplus
}
#endif

#endif
