/*
 * The engine, libtotem_cpg.so.0, holds the ring and everything managed. It is opened at the first call that makes a
 * handle, so a program that only links libcpg pays nothing, and may fork as it likes before that call.
 *
 * libcpg.so.4 and libcfg.so.7 are thin: they carry the names, the version nodes and the sonames of the originals, and
 * both use the one engine of the process. The list below is the whole interface between them and the engine.
 */
#ifndef TOTEM_ENGINE_H
#define TOTEM_ENGINE_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum { CS_OK = 1, CS_ERR_LIBRARY = 2, CS_ERR_TRY_AGAIN = 6, CS_ERR_INVALID_PARAM = 7, CS_ERR_NO_MEMORY = 8,
	CS_ERR_BAD_HANDLE = 9 };

/* struct cpg_name */
struct totem_name {
	uint32_t length;
	char value[128];
};

enum { TOTEM_MESSAGE = 1, TOTEM_GROUP_CHANGE = 2, TOTEM_RING_CHANGE = 3 };

/* An event that waited in a handle and is to be called back. */
struct totem_event {
	int kind;
	uint32_t node, process; /* who sent the message; of a ring, its representative */
	uint64_t sequence;      /* of a ring */
	void *callback;         /* the program's function, or null */
	/* The message, or the lists one behind the other: members, left, joined. Never null; for free(). */
	void *memory;
	size_t count;           /* bytes of the message, or members */
	size_t left_count, joined_count;
	struct totem_name group;
};

/* FUNCTION(name, parameters, arguments): those that work on a handle. */
#define CPG_FUNCTIONS(FUNCTION) \
	CPG_QUICK_FUNCTIONS(FUNCTION) \
	CPG_WAITING_FUNCTIONS(FUNCTION)

/* Those that may wait for the ring. */
#define CPG_WAITING_FUNCTIONS(FUNCTION) \
	FUNCTION(cpg_finalize, (uint64_t handle), (handle)) \
	FUNCTION(cpg_join, (uint64_t handle, const void *group), (handle, group)) \
	FUNCTION(cpg_leave, (uint64_t handle, const void *group), (handle, group)) \
	FUNCTION(cpg_membership_get, (uint64_t handle, const void *group, void *members, int *count), \
		(handle, group, members, count)) \
	FUNCTION(cpg_iteration_initialize, (uint64_t handle, int type, const void *group, uint64_t *iteration), \
		(handle, type, group, iteration))

#define CPG_QUICK_FUNCTIONS(FUNCTION) \
	FUNCTION(cpg_fd_get, (uint64_t handle, int *fd), (handle, fd)) \
	FUNCTION(cpg_max_atomic_msgsize_get, (uint64_t handle, uint32_t *size), (handle, size)) \
	FUNCTION(cpg_context_get, (uint64_t handle, void **context), (handle, context)) \
	FUNCTION(cpg_context_set, (uint64_t handle, void *context), (handle, context)) \
	FUNCTION(cpg_mcast_joined, (uint64_t handle, int guarantee, const struct iovec *vectors, unsigned int count), \
		(handle, guarantee, vectors, count)) \
	FUNCTION(cpg_local_get, (uint64_t handle, unsigned int *node), (handle, node)) \
	FUNCTION(cpg_flow_control_state_get, (uint64_t handle, int *state), (handle, state)) \
	FUNCTION(cpg_zcb_alloc, (uint64_t handle, size_t size, void **buffer), (handle, size, buffer)) \
	FUNCTION(cpg_zcb_free, (uint64_t handle, void *buffer), (handle, buffer)) \
	FUNCTION(cpg_zcb_mcast_joined, (uint64_t handle, int guarantee, void *message, size_t length), \
		(handle, guarantee, message, length)) \
	FUNCTION(cpg_iteration_next, (uint64_t handle, void *description), (handle, description)) \
	FUNCTION(cpg_iteration_finalize, (uint64_t handle), (handle))

#define CFG_FUNCTIONS(FUNCTION) \
	FUNCTION(corosync_cfg_fd_get, (uint64_t handle, int32_t *fd), (handle, fd)) \
	FUNCTION(corosync_cfg_finalize, (uint64_t handle), (handle)) \
	FUNCTION(corosync_cfg_ring_status_get, (uint64_t handle, char ***names, char ***status, unsigned int *count), \
		(handle, names, status, count)) \
	FUNCTION(corosync_cfg_node_status_get, (uint64_t handle, unsigned int node, int version, void *status), \
		(handle, node, version, status)) \
	FUNCTION(corosync_cfg_kill_node, (uint64_t handle, unsigned int node, const char *reason), (handle, node, reason)) \
	FUNCTION(corosync_cfg_trackstart, (uint64_t handle, uint8_t flags), (handle, flags)) \
	FUNCTION(corosync_cfg_trackstop, (uint64_t handle), (handle)) \
	FUNCTION(corosync_cfg_try_shutdown, (uint64_t handle, int flags), (handle, flags)) \
	FUNCTION(corosync_cfg_replyto_shutdown, (uint64_t handle, int reply), (handle, reply)) \
	FUNCTION(corosync_cfg_get_node_addrs, (uint64_t handle, unsigned int node, size_t max, int *count, void *addresses), \
		(handle, node, max, count, addresses)) \
	FUNCTION(corosync_cfg_local_get, (uint64_t handle, unsigned int *node), (handle, node)) \
	FUNCTION(corosync_cfg_reload_config, (uint64_t handle), (handle)) \
	FUNCTION(corosync_cfg_reopen_log_files, (uint64_t handle), (handle))

/* Those that make a handle, and so start the engine. */
#define START_FUNCTIONS(FUNCTION) \
	FUNCTION(cpg_initialize, (uint64_t *handle, void *callbacks), (handle, callbacks)) \
	FUNCTION(cpg_model_initialize, (uint64_t *handle, int model, void *data, void *context), \
		(handle, model, data, context)) \
	FUNCTION(corosync_cfg_initialize, (uint64_t *handle, const void *callbacks), (handle, callbacks))

#define ENGINE_MEMBER(name, parameters, arguments) int (*name) parameters;

struct totem_engine {
	CPG_FUNCTIONS(ENGINE_MEMBER)
	CFG_FUNCTIONS(ENGINE_MEMBER)
	START_FUNCTIONS(ENGINE_MEMBER)
	/* Starts the ring if there is none, without waiting for it. Whether that worked says the function that makes the
	 * handle. Calls that wait call what is given here every few milliseconds, where no lock is held. */
	void (*totem_cpg_prepare)(void (*let_signals_in)(void));
	/* The address and port that the ring is bound to: writes a struct sockaddr, returns its length, 0 while there is
	 * none. */
	int (*totem_cpg_bound_address)(void *address, int room);
	/* The next event of a handle; CS_ERR_TRY_AGAIN when there is none. */
	int (*totem_cpg_take)(int kind, uint64_t handle, struct totem_event *event);
	/* A descriptor for the caller to poll and close, readable while an event waits or there will be none; -1 when there
	 * are no more. */
	/* The memory of a message that was taken. */
	void (*totem_cpg_return)(uint64_t handle, void *message, size_t length);
	int (*totem_cpg_watch)(int kind, uint64_t handle);
	/* Before the caller closes it. */
	void (*totem_cpg_end_watch)(int kind, uint64_t handle);
	int (*totem_cpg_has)(int kind, uint64_t handle);
	/* The process ends: waits until the others have what was sent, and know. Bounded. */
	void (*totem_cpg_end)(void);
};

/* The engine of this process, or null before the first handle was made (in a forked child too). */
const struct totem_engine *totem_cpg_engine(void);

/* The same; CS_ERR_BAD_HANDLE when there is none. */
int totem_cpg_find(const struct totem_engine **found);

/*
 * Opens the engine if need be and starts the ring, with the signals of the program kept away from the threads that
 * start meanwhile. CS_OK, or what to answer when the engine cannot be opened.
 */
int totem_cpg_start(const struct totem_engine **started);

/* The program's mask and handlers before a call into the engine. */
struct totem_call {
	int cancel_state, is_within;
	sigset_t mask;
};

/*
 * Around each call into the engine that may wait. A thread that was cancelled there would unwind through it, locks and
 * all; it ends at the next cancellation point. A signal's handler that calls exit there, or is long, would keep its
 * locks from the ring's thread: it runs while the call waits, or behind it. Others go without the two system calls that
 * this takes, which cost more than a message does.
 */
void totem_cpg_enter(struct totem_call *call);
void totem_cpg_leave(const struct totem_call *call);

#define FORWARD_TO(find, name, parameters, arguments) \
	int name parameters \
	{ \
		const struct totem_engine *engine; \
		struct totem_call call; \
		int result; \
		totem_cpg_enter(&call); \
		result = find(&engine); \
		if (result == CS_OK) \
			result = engine->name arguments; \
		totem_cpg_leave(&call); \
		return result; \
	}

#define FORWARD_QUICK(name, parameters, arguments) \
	int name parameters \
	{ \
		const struct totem_engine *engine; \
		int former, result; \
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &former); \
		result = totem_cpg_find(&engine); \
		if (result == CS_OK) \
			result = engine->name arguments; \
		pthread_setcancelstate(former, NULL); \
		return result; \
	}

#define FORWARD(name, parameters, arguments) FORWARD_TO(totem_cpg_find, name, parameters, arguments)

#define FORWARD_START(name, parameters, arguments) FORWARD_TO(totem_cpg_start, name, parameters, arguments)

#endif
