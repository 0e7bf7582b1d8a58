/*
 * SPDX-License-Identifier: MIT
 *
 * MIT License
 *
 * Copyright (c) 2026 The Totem authors
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy
 * of this software and associated documentation files (the "Software"), to deal
 * in the Software without restriction, including without limitation the rights
 * to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
 * copies of the Software, and to permit persons to whom the Software is
 * furnished to do so, subject to the following conditions:
 *
 * The above copyright notice and this permission notice shall be included in all
 * copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
 * IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
 * FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
 * AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
 * LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
 * OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
 * SOFTWARE.
 */

/*
 * Sheepdog's cluster driver `totem`: membership, ordered notifications, turns and locks by libtotem_sheepdog, without a
 * daemon.
 *
 *     -c totem                          a ring inside the process; without an option on the loopback
 *     -c totem:KEY=VALUE,...            the same with its options
 *     -c totem:NAME[:OPTION]            another driver of the library: totem:zookeeper:HOST:PORT,..., totem:local
 *
 * This file goes into sheep/cluster/ of a sheepdog tree; docs/how-to/sheepdog.md of Totem has the three lines for its
 * build. It says what sheep calls things; everything else is in the library, and totem_sheepdog.h says what that
 * promises.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

#include <totem_sheepdog.h>

#include "cluster.h"
#include "event.h"
#include "sheep_priv.h"

/*
 * The bytes of a struct sd_node that are sent: all but its tree link, which are pointers of this process. Address and
 * port lead, and are who it is. A build with more fields behind them needs no change here.
 */
#define NODE_LINK_BYTES offsetof(struct sd_node, nid)
#define NODE_SENT_BYTES (sizeof(struct sd_node) - NODE_LINK_BYTES)
#define NODE_IDENTITY_BYTES offsetof(struct node_id, io_addr)

#define LAST_TURNS_NANOSECONDS 50000000

static totem_sheepdog_handle handle; /* 0 until init */
static int last_turns = -1;	     /* a timer, armed once the cluster is shut down */

static const void *sent_part(const struct sd_node *node)
{
	return (const char *)node + NODE_LINK_BYTES;
}

/* A node of a build with fewer fields is filled up with zeros. */
static void take_node(struct sd_node *node, const struct totem_sheepdog_node *from)
{
	size_t length = from->length < NODE_SENT_BYTES ? from->length : NODE_SENT_BYTES;

	memset(node, 0, sizeof(*node));
	memcpy((char *)node + NODE_LINK_BYTES, from->bytes, length);
}

/* The library's text for its last failure has a line for each problem, and so has the log. */
static void log_error(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		sd_err("totem: %.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void __attribute__((noreturn)) end_sheep(const char *why)
{
	log_error(why);
	log_close();
	exit(1);
}

/* A tree of all members. Its nodes are one array, which the caller frees. */
static struct sd_node *take_members(struct rb_root *root, const struct totem_sheepdog_node *members, size_t count)
{
	struct sd_node *nodes = calloc(count + 1, sizeof(*nodes));

	if (nodes == NULL)
		end_sheep("no memory for the node list");
	INIT_RB_ROOT(root);
	for (size_t i = 0; i < count; i++) {
		take_node(&nodes[i], &members[i]);
		rb_insert(root, &nodes[i], rb, node_cmp);
	}
	return nodes;
}

static int on_join(void *user, const struct totem_sheepdog_node *joining, const struct totem_sheepdog_node *members,
	size_t count, void *opaque, size_t length)
{
	struct sd_node node, *nodes;
	struct rb_root root;
	bool is_in;

	(void)user;
	(void)length;
	take_node(&node, joining);
	nodes = take_members(&root, members, count);
	is_in = sd_join_handler(&node, &root, count, opaque);
	free(nodes);
	return is_in;
}

static void on_accept(void *user, const struct totem_sheepdog_node *joined, const struct totem_sheepdog_node *members,
	size_t count, const void *opaque, size_t length)
{
	struct sd_node node, *nodes;
	struct rb_root root;

	(void)user;
	(void)length;
	take_node(&node, joined);
	nodes = take_members(&root, members, count);
	sd_accept_handler(&node, &root, count, opaque);
	free(nodes);
}

static void on_leave(void *user, const struct totem_sheepdog_node *left, const struct totem_sheepdog_node *members,
	size_t count)
{
	struct sd_node node, *nodes;
	struct rb_root root;

	(void)user;
	take_node(&node, left);
	nodes = take_members(&root, members, count);
	sd_leave_handler(&node, &root, count);
	free(nodes);
}

static void on_notify(void *user, const struct totem_sheepdog_node *sender, void *message, size_t length)
{
	struct sd_node node;

	(void)user;
	take_node(&node, sender);
	sd_notify_handler(&node, message, length);
}

static int on_block(void *user, const struct totem_sheepdog_node *self)
{
	struct sd_node node;

	(void)user;
	take_node(&node, self);
	return sd_block_handler(&node);
}

static void on_update_node(void *user, const struct totem_sheepdog_node *updated)
{
	struct sd_node node;

	(void)user;
	take_node(&node, updated);
	sd_update_node_handler(&node);
}

static int on_reconnect(void *user)
{
	(void)user;
	/* It calls totem_init and totem_join. */
	return sd_reconnect_handler() == 0;
}

static void on_failed(void *user, const char *reason)
{
	(void)user;
	end_sheep(reason);
}

static void on_log(void *user, int level, const char *text)
{
	(void)user;
	if (level <= LOG_ERR)
		sd_err("totem: %s", text);
	else if (level == LOG_WARNING)
		sd_warn("totem: %s", text);
	else
		sd_info("totem: %s", text);
}

static const struct totem_sheepdog_callbacks callbacks = {
	.size = sizeof(callbacks),
	.join = on_join,
	.accept = on_accept,
	.leave = on_leave,
	.notify = on_notify,
	.block = on_block,
	.update_node = on_update_node,
	.reconnect = on_reconnect,
	.failed = on_failed,
	.log = on_log,
};

/*
 * Sheep's loop looks whether it is to end only after a batch of events that took no descriptor out of it: after one
 * that did it goes back to wait at once. A shutdown takes out the listening sockets, the end of a client its
 * connection, and when one of them is the last thing that happens, sheep waits for ever. So from the shutdown on there
 * is always one more event, of a kind that takes nothing out. It repeats, because it may share its batch with one that
 * does, and because requests may still be under way.
 */
static void begin_last_turns(void)
{
	static const struct itimerspec every = {
		.it_interval.tv_nsec = LAST_TURNS_NANOSECONDS,
		.it_value.tv_nsec = LAST_TURNS_NANOSECONDS,
	};
	static bool has_begun;

	if (has_begun)
		return;
	has_begun = true;
	if (timerfd_settime(last_turns, 0, &every, NULL) < 0)
		sd_err("totem: cannot arm the timer for sheep's end (%s)", strerror(errno));
}

static void on_last_turn(int fd, int events, void *data)
{
	uint64_t expirations;

	(void)events;
	(void)data;
	/* Nothing is to be done; what is not read would be an event again at once. */
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		sd_err("totem: cannot read the timer for sheep's end (%s)", strerror(errno));
}

static void on_ready(int fd, int events, void *data)
{
	(void)fd;
	(void)data;
	if (events & EPOLLHUP)
		end_sheep("the driver's descriptor is hung up");
	if (totem_sheepdog_dispatch(handle) < 0)
		end_sheep(totem_sheepdog_error());
	/* The cause does not matter: a notification, a state that was taken over, or what sheep does by itself after the
	 * loss of a session. */
	if (sys->cinfo.status == SD_STATUS_SHUTDOWN)
		begin_last_turns();
}

/*
 * An option of the ring is KEY=VALUE and more of them, so whatever has no '=' before its first ':' names a driver of
 * the library. The caller frees the text.
 */
static char *driver_of(const char *option)
{
	static const char ring[] = "totem:";
	size_t head = option == NULL ? 0 : strcspn(option, ":");
	bool is_ring = head == 0 || memchr(option, '=', head) != NULL;
	size_t length = option == NULL ? 0 : strlen(option);
	char *text = calloc(1, sizeof(ring) + length);

	if (text == NULL)
		end_sheep("no memory for the option");
	if (option == NULL)
		return strcpy(text, "totem");
	if (is_ring)
		strcpy(text, ring);
	return strcat(text, option);
}

static int close_driver(void)
{
	totem_sheepdog_close(handle);
	handle = 0;
	return -1;
}

static int totem_init(const char *option)
{
	char *driver;
	int result;

	if (handle != 0) {
		/* From sd_reconnect_handler. Descriptor and threads that wait for locks stay. */
		result = totem_sheepdog_reopen(handle);
		if (result < 0)
			log_error(totem_sheepdog_error());
		return result < 0 ? -1 : 0;
	}

	driver = driver_of(option);
	result = totem_sheepdog_open(driver, NODE_IDENTITY_BYTES, &callbacks, NULL, &handle);
	free(driver);
	if (result < 0) {
		log_error(totem_sheepdog_error());
		return -1;
	}
	/* Made here, while the want of a descriptor can still be told to whoever starts sheep. */
	last_turns = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (last_turns < 0) {
		sd_err("totem: cannot make a timer (%s)", strerror(errno));
		return close_driver();
	}
	result = register_event(totem_sheepdog_fd(handle), on_ready, NULL);
	if (result == 0)
		result = register_event(last_turns, on_last_turn, NULL);
	if (result != 0) {
		sd_err("totem: cannot register the driver's descriptors (%d)", result);
		return close_driver();
	}
	return 0;
}

static int totem_get_local_addr(uint8_t *address)
{
	if (totem_sheepdog_get_local_addr(handle, address) == 0)
		return 0;
	log_error(totem_sheepdog_error());
	return -1;
}

static int totem_join(const struct sd_node *myself, void *opaque, size_t opaque_len)
{
	if (totem_sheepdog_join(handle, sent_part(myself), NODE_SENT_BYTES, opaque, opaque_len) == 0)
		return 0;
	log_error(totem_sheepdog_error());
	return -1;
}

static int totem_leave(void)
{
	if (totem_sheepdog_leave(handle) == 0)
		return 0;
	log_error(totem_sheepdog_error());
	return -1;
}

static int result_of(const char *operation, int result)
{
	if (result == 0)
		return SD_RES_SUCCESS;
	sd_err("totem: %s: %s", operation, totem_sheepdog_error());
	return result == -EOPNOTSUPP ? SD_RES_NO_SUPPORT : SD_RES_CLUSTER_ERROR;
}

static int totem_notify(void *msg, size_t msg_len)
{
	return result_of("notify", totem_sheepdog_notify(handle, msg, msg_len));
}

static int totem_block(void)
{
	return result_of("block", totem_sheepdog_block(handle));
}

static int totem_unblock(void *msg, size_t msg_len)
{
	return result_of("unblock", totem_sheepdog_unblock(handle, msg, msg_len));
}

static int totem_update_node(struct sd_node *node)
{
	return result_of("update_node", totem_sheepdog_update_node(handle, sent_part(node), NODE_SENT_BYTES));
}

static void totem_lock(uint64_t lock_id)
{
	/* The caller goes on as if it had the lock. */
	if (totem_sheepdog_lock(handle, lock_id) < 0)
		end_sheep(totem_sheepdog_error());
}

static void totem_unlock(uint64_t lock_id)
{
	if (totem_sheepdog_unlock(handle, lock_id) < 0)
		log_error(totem_sheepdog_error());
}

static struct cluster_driver cdrv_totem = {
	.name = "totem",
	.init = totem_init,
	.get_local_addr = totem_get_local_addr,
	.join = totem_join,
	.leave = totem_leave,
	.notify = totem_notify,
	.block = totem_block,
	.unblock = totem_unblock,
	.update_node = totem_update_node,
	.lock = totem_lock,
	.unlock = totem_unlock,
};

cdrv_register(cdrv_totem);
