/*
 * The part that the programs here share: one line an assertion, "ok NAME" or "not ok NAME expected X got Y", and a last
 * line "done". They are compiled against the distribution's headers and run against both the real libraries with a real
 * daemon and ours.
 */
#ifndef CHECK_H
#define CHECK_H

#include <corosync/cfg.h>
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int failures;

static inline void check_number(const char *name, long long expected, long long got)
{
	if (expected == got) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s expected %lld got %lld\n", name, expected, got);
		failures++;
	}
	fflush(stdout);
}

#define CHECK(name, expected, got) check_number(name, (long long)(expected), (long long)(got))
#define CHECK_TRUE(name, condition) check_number(name, 1, (condition) ? 1 : 0)

static inline int done(void)
{
	printf("done\n");
	fflush(stdout);
	return failures == 0 ? 0 : 1;
}

static inline struct cpg_name named(const char *text)
{
	struct cpg_name name;
	memset(&name, 0, sizeof(name));
	name.length = (uint32_t)strlen(text);
	memcpy(name.value, text, name.length);
	return name;
}

static inline void pause_milliseconds(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
	nanosleep(&time, NULL);
}

/* Repeats a call while it answers TRY_AGAIN, as an application is expected to. */
#define RETRY(call) ({ \
	cs_error_t retry_result; \
	for (int retry = 0; (retry_result = (call)) == CS_ERR_TRY_AGAIN && retry < 2000; retry++) \
		pause_milliseconds(5); \
	retry_result; })

/* The answer of poll for a descriptor within a time. */
static inline int polled(int fd, int milliseconds)
{
	struct pollfd pollfd = { fd, POLLIN, 0 };
	int count = poll(&pollfd, 1, milliseconds);
	return count == 1 ? pollfd.revents : 0;
}

/* The events of a handle, as they were called back. */
struct event {
	char kind; /* m message, c change, t totem */
	uint32_t node, pid;
	size_t length;
	int is_aligned;
	unsigned char first, last;
	size_t members, left, joined;
	int lists_are_set;
	struct cpg_address member[16], left_one, joined_one;
	struct cpg_name group;
	struct cpg_ring_id ring;
	cpg_handle_t handle;
};

#define EVENTS_MAX 4096
static struct event events[EVENTS_MAX];
static int event_count;
static void (*on_event)(struct event *event);

static inline struct event *new_event(cpg_handle_t handle, char kind)
{
	struct event *event = &events[event_count < EVENTS_MAX - 1 ? event_count++ : event_count];
	memset(event, 0, sizeof(*event));
	event->handle = handle;
	event->kind = kind;
	return event;
}

static void record_message(cpg_handle_t handle, const struct cpg_name *group, uint32_t node, uint32_t pid,
	void *message, size_t length)
{
	struct event *event = new_event(handle, 'm');
	event->group = *group;
	event->node = node;
	event->pid = pid;
	event->length = length;
	event->is_aligned = ((uintptr_t)message & 7) == 0;
	if (length > 0) {
		event->first = *(unsigned char *)message;
		event->last = ((unsigned char *)message)[length - 1];
		*(unsigned char *)message = 0; /* writable */
	}
	if (on_event != NULL)
		on_event(event);
}

static void record_change(cpg_handle_t handle, const struct cpg_name *group, const struct cpg_address *members,
	size_t member_count,
	const struct cpg_address *left, size_t left_count, const struct cpg_address *joined, size_t joined_count)
{
	struct event *event = new_event(handle, 'c');
	event->group = *group;
	event->members = member_count;
	event->left = left_count;
	event->joined = joined_count;
	event->lists_are_set = members != NULL && left != NULL && joined != NULL;
	for (size_t i = 0; i < member_count && i < 16; i++)
		event->member[i] = members[i];
	if (left_count > 0)
		event->left_one = left[0];
	if (joined_count > 0)
		event->joined_one = joined[0];
	if (on_event != NULL)
		on_event(event);
}

__attribute__((unused)) static void record_totem(cpg_handle_t handle, struct cpg_ring_id ring, uint32_t member_count,
	const uint32_t *members)
{
	struct event *event = new_event(handle, 't');
	event->ring = ring;
	event->members = member_count;
	event->lists_are_set = members != NULL;
	if (member_count > 0)
		event->node = members[0];
	if (on_event != NULL)
		on_event(event);
}

__attribute__((unused)) static cpg_callbacks_t recorders = { record_message, record_change };

/* Dispatches until so many events have come, at most ten seconds. */
static inline int await_events(cpg_handle_t handle, int count)
{
	int fd;
	cpg_fd_get(handle, &fd);
	for (int i = 0; i < 1000 && event_count < count; i++) {
		polled(fd, 10);
		if (cpg_dispatch(handle, CS_DISPATCH_ALL) != CS_OK)
			break;
	}
	return event_count;
}

static inline cs_error_t send_bytes(cpg_handle_t handle, const void *bytes, size_t length)
{
	struct iovec vector = { (void *)bytes, length };
	return RETRY(cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1));
}

#endif
