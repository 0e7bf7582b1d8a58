/*
 * The engine, libtotem_sheepdog_engine.so.0, is everything managed. It is opened by the first totem_sheepdog_open(): a
 * program that only links the library starts no runtime and may fork as it likes. The list below is the whole interface
 * to it; what the functions do is in Exports.cs and SheepdogCalls.cs.
 */
#ifndef TOTEM_SHEEPDOG_ENGINE_H
#define TOTEM_SHEEPDOG_ENGINE_H

#include "totem_sheepdog.h"

#define ENGINE "libtotem_sheepdog_engine.so.0"

/* FUNCTION(name, parameters, arguments): those that work on a handle and only pass on. */
#define HANDLE_FUNCTIONS(FUNCTION) \
	FUNCTION(reopen, (totem_sheepdog_handle handle), (handle)) \
	FUNCTION(fd, (totem_sheepdog_handle handle), (handle)) \
	FUNCTION(leave, (totem_sheepdog_handle handle), (handle)) \
	FUNCTION(join, (totem_sheepdog_handle handle, const void *node, size_t node_length, const void *opaque, \
		size_t opaque_length), \
		(handle, node, node_length, opaque, opaque_length)) \
	FUNCTION(notify, (totem_sheepdog_handle handle, const void *message, size_t length), (handle, message, length)) \
	FUNCTION(block, (totem_sheepdog_handle handle), (handle)) \
	FUNCTION(unblock, (totem_sheepdog_handle handle, const void *message, size_t length), (handle, message, length)) \
	FUNCTION(update_node, (totem_sheepdog_handle handle, const void *node, size_t length), (handle, node, length)) \
	FUNCTION(lock, (totem_sheepdog_handle handle, uint64_t id), (handle, id)) \
	FUNCTION(unlock, (totem_sheepdog_handle handle, uint64_t id), (handle, id))

#define ENGINE_MEMBER(name, parameters, arguments) int (*name) parameters;

struct totem_sheepdog_engine {
	HANDLE_FUNCTIONS(ENGINE_MEMBER)
	/* The first call, which only one thread makes. */
	void (*prepare)(void);
	int (*open)(const char *driver, size_t driver_length, size_t identity_length,
		const struct totem_sheepdog_callbacks *callbacks, void *user, totem_sheepdog_handle *handle);
	int (*dispatch)(totem_sheepdog_handle handle);
	int (*get_local_addr)(totem_sheepdog_handle handle, uint8_t *address);
	int (*close)(totem_sheepdog_handle handle, void **user);
	void (*error)(char *text, size_t room);
	/* The process ends: waits until the others have what was sent. Bounded. */
	void (*end)(void);
};

/* The engine of this process; null before the first open, and in a child that was forked after it. */
const struct totem_sheepdog_engine *totem_sheepdog_engine(void);

/* Opens it if need be. Null when that is not possible, with the reason in `text` and the error in `result`. The
 * caller has blocked its signals. */
const struct totem_sheepdog_engine *totem_sheepdog_start(char *text, size_t room, int *result);

#endif
