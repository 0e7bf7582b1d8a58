/* See dispatch.h. */
#define _GNU_SOURCE
#include "dispatch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How often is looked when there is no descriptor left to sleep on. */
#define LOOK_MILLISECONDS 20

/* So long a thread looks for the next event before it sleeps, and lets others run meanwhile: the ring's thread need
 * not wake it then. */
#define LOOK_NANOSECONDS 50000

enum { DISPATCH_ONE = 1, DISPATCH_ALL = 2, DISPATCH_BLOCKING = 3, DISPATCH_ONE_NONBLOCKING = 4 };

struct address {
	uint32_t node, process, reason;
};

struct ring_id {
	uint32_t node;
	uint64_t sequence;
};

typedef void (*deliver_function)(
	uint64_t handle, const struct totem_name *group, uint32_t node, uint32_t process, void *message, size_t length);
typedef void (*change_function)(
	uint64_t handle, const struct totem_name *group, const struct address *members, size_t member_count,
	const struct address *left, size_t left_count, const struct address *joined, size_t joined_count);
typedef void (*ring_function)(uint64_t handle, struct ring_id ring, uint32_t member_count, const uint32_t *members);

struct lent {
	uint64_t handle;
	const struct totem_event *event;
};

/* The engine uses the memory of messages again. In a child that was forked in a callback there is none. */
static void give_back(void *lent_to_program)
{
	const struct lent *lent = lent_to_program;
	const struct totem_engine *engine = totem_cpg_engine();
	int state;

	if (lent->event->kind != TOTEM_MESSAGE || engine == NULL) {
		free(lent->event->memory);
		return;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	engine->totem_cpg_return(lent->handle, lent->event->memory, lent->event->count);
	pthread_setcancelstate(state, NULL);
}

/* Calls the program, with the cancellation state that the program has. */
static void call_back(uint64_t handle, struct totem_event *event)
{
	const struct address *addresses = event->memory;
	struct lent lent = { handle, event };

	pthread_cleanup_push(give_back, &lent);
	if (event->callback != NULL) {
		switch (event->kind) {
		case TOTEM_MESSAGE:
			((deliver_function)event->callback)(
				handle, &event->group, event->node, event->process, event->memory, event->count);
			break;
		case TOTEM_GROUP_CHANGE:
			((change_function)event->callback)(
				handle, &event->group, addresses, event->count, addresses + event->count, event->left_count,
				addresses + event->count + event->left_count, event->joined_count);
			break;
		default:
			((ring_function)event->callback)(
				handle, (struct ring_id){ event->node, event->sequence }, (uint32_t)event->count, event->memory);
			break;
		}
	}
	pthread_cleanup_pop(1);
}

static int take(const struct totem_engine *engine, enum totem_handle_kind kind, uint64_t handle,
	struct totem_event *event)
{
	int state, result;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	result = engine->totem_cpg_take(kind, handle, event);
	pthread_setcancelstate(state, NULL);
	return result;
}

struct watch {
	const struct totem_engine *engine;
	enum totem_handle_kind kind;
	uint64_t handle;
	int descriptor; /* -1 when there is none left */
};

static void open_watch(struct watch *watch)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	watch->descriptor = watch->engine->totem_cpg_watch(watch->kind, watch->handle);
	pthread_setcancelstate(state, NULL);
}

/* In a thread that ends, too. */
static void close_watch(void *opened)
{
	struct watch *watch = opened;
	int state;

	if (watch->descriptor < 0)
		return;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	watch->engine->totem_cpg_end_watch(watch->kind, watch->handle);
	close(watch->descriptor);
	pthread_setcancelstate(state, NULL);
}

static int64_t nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Takes the next event if it comes soon. */
static int look(const struct totem_engine *engine, enum totem_handle_kind kind, uint64_t handle,
	struct totem_event *event)
{
	int result = take(engine, kind, handle, event);
	int64_t until = result == CS_ERR_TRY_AGAIN ? nanoseconds() + LOOK_NANOSECONDS : 0;

	while (result == CS_ERR_TRY_AGAIN && nanoseconds() < until) {
		sched_yield();
		pthread_testcancel();
		result = take(engine, kind, handle, event);
	}
	return result;
}

/* Takes the next event, and sleeps until there is one. The descriptor it sleeps on is one of its own: that of the
 * handle may be closed meanwhile, and its number be another file's. */
static int await(const struct totem_engine *engine, enum totem_handle_kind kind, uint64_t handle,
	struct totem_event *event)
{
	int result = look(engine, kind, handle, event);
	struct watch watch = { engine, kind, handle, -1 };

	if (result != CS_ERR_TRY_AGAIN)
		return result;
	open_watch(&watch);
	pthread_cleanup_push(close_watch, &watch);
	do {
		struct pollfd sleeper = { watch.descriptor, POLLIN, 0 };
		poll(&sleeper, watch.descriptor >= 0 ? 1 : 0, watch.descriptor >= 0 ? -1 : LOOK_MILLISECONDS);
		result = take(engine, kind, handle, event);
	} while (result == CS_ERR_TRY_AGAIN);
	pthread_cleanup_pop(1);
	return result;
}

int totem_cpg_dispatch(enum totem_handle_kind kind, uint64_t handle, int flags)
{
	const struct totem_engine *engine = totem_cpg_engine();
	struct totem_event event;
	int result;

	if (engine == NULL)
		return CS_ERR_BAD_HANDLE;
	if (flags < DISPATCH_ONE || flags > DISPATCH_ONE_NONBLOCKING)
		return engine->totem_cpg_has(kind, handle) ? CS_ERR_INVALID_PARAM : CS_ERR_BAD_HANDLE;
	do {
		if (flags == DISPATCH_ONE || flags == DISPATCH_BLOCKING)
			result = await(engine, kind, handle, &event);
		else
			result = take(engine, kind, handle, &event);
		if (result != CS_OK)
			return flags == DISPATCH_ALL && result == CS_ERR_TRY_AGAIN ? CS_OK : result;
		call_back(handle, &event);
	} while (flags == DISPATCH_ALL || flags == DISPATCH_BLOCKING);
	/* Finalised by its own callback, it is no handle any more. */
	return engine->totem_cpg_has(kind, handle) ? CS_OK : CS_ERR_BAD_HANDLE;
}
