/*
 * libtotem_sheepdog.so.0: every function of totem_sheepdog.h, passed on to the engine.
 *
 * Its addition is the signal mask. Threads inherit the mask of the thread that makes them, and the managed runtime
 * makes threads in whichever thread has work for its pool; so every call into it is made with the signals blocked, and
 * every callback with the mask that the application had.
 */
#define _GNU_SOURCE
#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The callbacks that an application gave to open; the `user` of the engine's callbacks. */
struct session {
	struct totem_sheepdog_callbacks callbacks;
	void *user;
};

static _Thread_local char error_text[4096]; /* a configuration file can have many problems */
static _Thread_local sigset_t callers_mask; /* of the dispatch that is running in this thread */

static void block_signals(sigset_t *before)
{
	static const int not_blocked[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	sigset_t most;

	sigfillset(&most);
	/* A fault whose signal is blocked ends the process without its handler. */
	for (size_t i = 0; i < sizeof(not_blocked) / sizeof(not_blocked[0]); i++)
		sigdelset(&most, not_blocked[i]);
	/* The runtime stops its threads with it. */
	sigdelset(&most, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &most, before);
}

static void restore_signals(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int fail(int result, const char *text)
{
	snprintf(error_text, sizeof(error_text), "%s", text);
	return result;
}

static int without_engine(void)
{
	return fail(-EBADF, "no such handle");
}

/* After a call into the engine, signals still blocked. */
static int done(const struct totem_sheepdog_engine *engine, int result, const sigset_t *before)
{
	if (result < 0)
		engine->error(error_text, sizeof(error_text));
	restore_signals(before);
	return result;
}

#define PASS_ON(name, parameters, arguments) \
	int totem_sheepdog_##name parameters \
	{ \
		const struct totem_sheepdog_engine *engine = totem_sheepdog_engine(); \
		sigset_t before; \
		if (engine == NULL) \
			return without_engine(); \
		block_signals(&before); \
		return done(engine, engine->name arguments, &before); \
	}

HANDLE_FUNCTIONS(PASS_ON)

/* Runs an application's callback with its own mask. */
#define IN_APPLICATION(statement) \
	do { \
		sigset_t ours; \
		pthread_sigmask(SIG_SETMASK, &callers_mask, &ours); \
		statement; \
		pthread_sigmask(SIG_SETMASK, &ours, NULL); \
	} while (0)

static int on_join(void *user, const struct totem_sheepdog_node *joining, const struct totem_sheepdog_node *members,
	size_t count, void *opaque, size_t length)
{
	const struct session *session = user;
	int result;
	IN_APPLICATION(result = session->callbacks.join(session->user, joining, members, count, opaque, length));
	return result;
}

static void on_accept(void *user, const struct totem_sheepdog_node *joined, const struct totem_sheepdog_node *members,
	size_t count, const void *opaque, size_t length)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.accept(session->user, joined, members, count, opaque, length));
}

static void on_leave(void *user, const struct totem_sheepdog_node *left, const struct totem_sheepdog_node *members,
	size_t count)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.leave(session->user, left, members, count));
}

static void on_notify(void *user, const struct totem_sheepdog_node *sender, void *message, size_t length)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.notify(session->user, sender, message, length));
}

static int on_block(void *user, const struct totem_sheepdog_node *self)
{
	const struct session *session = user;
	int result;
	IN_APPLICATION(result = session->callbacks.block(session->user, self));
	return result;
}

static void on_update_node(void *user, const struct totem_sheepdog_node *node)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.update_node(session->user, node));
}

static int on_reconnect(void *user)
{
	const struct session *session = user;
	int result;
	IN_APPLICATION(result = session->callbacks.reconnect(session->user));
	return result;
}

static void on_failed(void *user, const char *reason)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.failed(session->user, reason));
}

static void on_log(void *user, int level, const char *text)
{
	const struct session *session = user;
	IN_APPLICATION(session->callbacks.log(session->user, level, text));
}

static const struct totem_sheepdog_callbacks ours = {
	.size = sizeof(ours),
	.join = on_join,
	.accept = on_accept,
	.leave = on_leave,
	.notify = on_notify,
	.block = on_block,
	.update_node = on_update_node,
	.reconnect = on_reconnect,
	.failed = on_failed,
};

static int is_complete(const struct totem_sheepdog_callbacks *callbacks)
{
	/* The log came later, and is no must. */
	return callbacks->size >= offsetof(struct totem_sheepdog_callbacks, log) && callbacks->join != NULL
		&& callbacks->accept != NULL && callbacks->leave != NULL && callbacks->notify != NULL
		&& callbacks->block != NULL && callbacks->update_node != NULL && callbacks->reconnect != NULL
		&& callbacks->failed != NULL;
}

int totem_sheepdog_open(const char *driver, size_t identity_length, const struct totem_sheepdog_callbacks *callbacks,
	void *user, totem_sheepdog_handle *handle)
{
	const struct totem_sheepdog_engine *engine;
	struct totem_sheepdog_callbacks passed = ours;
	struct session *session;
	struct sigaction pipe;
	sigset_t before;
	int result;

	if (callbacks == NULL || handle == NULL || !is_complete(callbacks))
		return fail(-EINVAL, "expected a handle, and callbacks with their size and all of them set");
	session = calloc(1, sizeof(*session));
	if (session == NULL)
		return fail(-ENOMEM, "no memory");
	memcpy(&session->callbacks, callbacks, callbacks->size < sizeof(*callbacks) ? callbacks->size : sizeof(*callbacks));
	if (session->callbacks.log != NULL)
		passed.log = on_log;
	session->user = user;

	block_signals(&before);
	/* Parts of the runtime ignore SIGPIPE from their start on. The application's wish counts, and nothing of ours needs
	 * it. */
	sigaction(SIGPIPE, NULL, &pipe);
	engine = totem_sheepdog_start(error_text, sizeof(error_text), &result);
	if (engine != NULL)
		result = engine->open(driver, driver == NULL ? 0 : strlen(driver), identity_length, &passed, session, handle);
	sigaction(SIGPIPE, &pipe, NULL);
	if (result < 0)
		free(session);
	if (engine == NULL) {
		restore_signals(&before);
		return result;
	}
	return done(engine, result, &before);
}

int totem_sheepdog_dispatch(totem_sheepdog_handle handle)
{
	const struct totem_sheepdog_engine *engine = totem_sheepdog_engine();
	sigset_t before, outer = callers_mask;
	int result;

	if (engine == NULL)
		return without_engine();
	block_signals(&before);
	callers_mask = before;
	result = engine->dispatch(handle);
	callers_mask = outer;
	return done(engine, result, &before);
}

int totem_sheepdog_get_local_addr(totem_sheepdog_handle handle, uint8_t address[16])
{
	const struct totem_sheepdog_engine *engine = totem_sheepdog_engine();
	sigset_t before;

	if (address == NULL)
		return fail(-EINVAL, "expected 16 bytes for the address");
	if (engine == NULL)
		return without_engine();
	block_signals(&before);
	return done(engine, engine->get_local_addr(handle, address), &before);
}

int totem_sheepdog_close(totem_sheepdog_handle handle)
{
	const struct totem_sheepdog_engine *engine = totem_sheepdog_engine();
	void *session = NULL;
	sigset_t before;
	int result;

	if (engine == NULL)
		return without_engine();
	block_signals(&before);
	result = engine->close(handle, &session);
	free(session);
	return done(engine, result, &before);
}

const char *totem_sheepdog_error(void)
{
	return error_text;
}
