/*
 * The liberties of a program around dispatching: end the thread that dispatches, jump out of a callback, finalise
 * there, dispatch again, never return. Another member, a child of this program, sends all the time; it must go on.
 */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>

static struct cpg_name group;
static cpg_handle_t handle;
static int is_ours;

/* The other member sends a message every few milliseconds. A ring that waited for the process beside it would lose
 * the token. */
static int sends(void)
{
	cpg_model_v1_data_t model = { CPG_MODEL_V1, record_message, record_change, record_totem, 0 };
	int to_come = 300, rings = 0;

	if (RETRY(cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL)) != CS_OK)
		return 1;
	if (RETRY(cpg_join(handle, &group)) != CS_OK)
		return 2;
	while (to_come-- > 0) {
		int own = 0;
		event_count = 0;
		if (send_bytes(handle, "tick", 4) != CS_OK)
			return 3;
		for (int seen = 0; !own;) {
			if (cpg_dispatch(handle, CS_DISPATCH_ONE) != CS_OK)
				return 4;
			for (; seen < event_count; seen++) {
				own |= events[seen].kind == 'm' && events[seen].pid == (uint32_t)getpid();
				rings += events[seen].kind == 't';
			}
		}
		/* The ring is told once behind the first join with the real library, and may be with ours. */
		if (to_come == 290)
			rings = 0;
		pause_milliseconds(5);
	}
	if (rings > 0)
		return 5;
	return cpg_finalize(handle) == CS_OK ? 0 : 6;
}

static cpg_handle_t open_member(const char *name)
{
	cpg_handle_t opened = 0;
	struct cpg_name own = named(name);

	event_count = 0;
	on_event = NULL;
	if (RETRY(cpg_initialize(&opened, &recorders)) != CS_OK || RETRY(cpg_join(opened, &own)) != CS_OK)
		return 0;
	await_events(opened, 1);
	return opened;
}

/* A thread that waits for an event. */

static void *dispatch_one(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)cpg_dispatch(handle, CS_DISPATCH_ONE);
}

static void *dispatch_blocking(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)cpg_dispatch(handle, CS_DISPATCH_BLOCKING);
}

static void *cfg_dispatch(void *cfg)
{
	return (void *)(intptr_t)corosync_cfg_dispatch(*(corosync_cfg_handle_t *)cfg, CS_DISPATCH_ONE);
}

static void *finalize(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)cpg_finalize(handle);
}

static void check_cancelled(const char *name, void *(*body)(void *), void *argument)
{
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, body, argument);
	pause_milliseconds(50);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	CHECK_TRUE(name, result == PTHREAD_CANCELED);
}

static void check_cancellation(void)
{
	corosync_cfg_callbacks_t none;
	corosync_cfg_handle_t cfg = 0;
	int state;

	memset(&none, 0, sizeof(none));
	handle = open_member("cancelled");
	check_cancelled("a thread that waits for one event can be cancelled", dispatch_one, NULL);
	check_cancelled("a thread that waits for events can be cancelled", dispatch_blocking, NULL);
	send_bytes(handle, "after", 5);
	event_count = 0;
	CHECK("others dispatch after that", 1, await_events(handle, 1));
	CHECK("the handle can be finalised after that", CS_OK, cpg_finalize(handle));
	CHECK("corosync_cfg_initialize", CS_OK, RETRY(corosync_cfg_initialize(&cfg, &none)));
	if (is_ours)
		check_cancelled("a thread that waits for events of libcfg can be cancelled", cfg_dispatch, &cfg);
	CHECK("corosync_cfg_finalize", CS_OK, corosync_cfg_finalize(cfg));
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	CHECK("the cancellation state is as before", PTHREAD_CANCEL_ENABLE, state);
}

/* Callbacks. */

static int within_state = -1;

static void end_thread(struct event *event)
{
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &within_state);
	if (event->kind == 'm')
		pthread_exit((void *)42);
}

static void be_cancelled(struct event *event)
{
	if (event->kind != 'm')
		return;
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

static void check_thread_ends(void)
{
	pthread_t thread;
	void *result = NULL;

	handle = open_member("ends");
	send_bytes(handle, "one", 3);
	send_bytes(handle, "two", 3);
	on_event = end_thread;
	pthread_create(&thread, NULL, dispatch_blocking, NULL);
	pthread_join(thread, &result);
	CHECK_TRUE("a callback can end its thread", result == (void *)42);
	CHECK("a callback has the program's cancellation state", PTHREAD_CANCEL_ENABLE, within_state);
	on_event = be_cancelled;
	pthread_create(&thread, NULL, dispatch_blocking, NULL);
	pthread_join(thread, &result);
	CHECK_TRUE("a thread can be cancelled in a callback", result == PTHREAD_CANCELED);
	on_event = NULL;
	event_count = 0;
	send_bytes(handle, "three", 5);
	CHECK("what follows is dispatched", 1, await_events(handle, 1));
	CHECK("the handle can be finalised", CS_OK, cpg_finalize(handle));
}

static jmp_buf outside;

static void jump(struct event *event)
{
	if (event->kind == 'm')
		longjmp(outside, 1);
}

static void check_jumps(void)
{
	volatile int jumps = 0;

	handle = open_member("jumps");
	for (int i = 0; i < 1000; i++)
		send_bytes(handle, "over", 4);
	on_event = jump;
	while (jumps < 1000) {
		if (setjmp(outside) == 0)
			cpg_dispatch(handle, CS_DISPATCH_ONE);
		else
			jumps = jumps + 1;
		event_count = 0;
	}
	CHECK("a callback can jump out, each time", 1000, jumps);
	on_event = NULL;
	send_bytes(handle, "last", 4);
	CHECK("what follows is dispatched", 1, await_events(handle, 1));
	CHECK("the handle can be finalised", CS_OK, cpg_finalize(handle));
}

static void dispatch_again(struct event *event)
{
	on_event = NULL;
	if (event->kind == 'm')
		cpg_dispatch(event->handle, CS_DISPATCH_ONE);
}

static void call_everything(struct event *event)
{
	struct cpg_address members[16];
	struct cpg_name own = named("nested");
	cpg_iteration_handle_t iteration;
	unsigned int node;
	int count = 0;

	on_event = NULL;
	CHECK("a callback sends", CS_OK, send_bytes(event->handle, "more", 4));
	CHECK("a callback asks for members", CS_OK, cpg_membership_get(event->handle, &own, members, &count));
	CHECK("a callback asks for the node", CS_OK, cpg_local_get(event->handle, &node));
	CHECK("a callback iterates", CS_OK, cpg_iteration_initialize(event->handle, CPG_ITERATION_ALL, NULL, &iteration));
	cpg_iteration_finalize(iteration);
	CHECK("a callback leaves", CS_OK, RETRY(cpg_leave(event->handle, &own)));
}

static void finalize_within(struct event *event)
{
	if (event->kind == 'm')
		CHECK("a callback finalises", CS_OK, cpg_finalize(event->handle));
}

static void check_calls_back(void)
{
	handle = open_member("nested");
	event_count = 0;
	send_bytes(handle, "a", 1);
	send_bytes(handle, "b", 1);
	on_event = dispatch_again;
	cpg_dispatch(handle, CS_DISPATCH_ONE);
	CHECK("a callback can dispatch", 2, event_count);
	CHECK("in order", 'b', events[1].first);
	on_event = call_everything;
	send_bytes(handle, "c", 1);
	await_events(handle, 5);
	CHECK("what a callback sent and its leave are told", 'c', events[event_count - 1].kind);
	CHECK_TRUE("finalize", cpg_finalize(handle) == CS_OK);

	handle = open_member("finalised");
	send_bytes(handle, "a", 1);
	send_bytes(handle, "b", 1);
	event_count = 0;
	on_event = finalize_within;
	if (is_ours)
		CHECK("it is the last callback", CS_ERR_BAD_HANDLE, cpg_dispatch(handle, CS_DISPATCH_BLOCKING));
	else
		cpg_dispatch(handle, CS_DISPATCH_ONE);
	CHECK("nothing more is called back", 1, event_count);
	on_event = NULL;
}

static void check_flags(void)
{
	pthread_t thread;
	void *result = NULL;

	handle = open_member("flags");
	event_count = 0;
	CHECK("nothing waits", CS_ERR_TRY_AGAIN, cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING));
	CHECK("nothing is all", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ALL));
	send_bytes(handle, "a", 1);
	send_bytes(handle, "b", 1);
	CHECK("waits for one", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("takes one", 1, event_count);
	CHECK("waits for the next", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("takes it", 2, event_count);
	if (is_ours) {
		CHECK("no such flag", CS_ERR_INVALID_PARAM, cpg_dispatch(handle, 0));
		CHECK("no such flag either", CS_ERR_INVALID_PARAM, cpg_dispatch(handle, 7));
		CHECK("no such handle", CS_ERR_BAD_HANDLE, cpg_dispatch(77, 7));
		pthread_create(&thread, NULL, dispatch_blocking, NULL);
		pause_milliseconds(50);
		CHECK("another thread finalises", CS_OK, cpg_finalize(handle));
		pthread_join(thread, &result);
		CHECK("that ends a dispatch that waits", CS_ERR_BAD_HANDLE, (intptr_t)result);
	}
}

/* A callback that does not return before the end of the program. */
static void stay(struct event *event)
{
	(void)event;
	for (;;)
		pause();
}

static void check_never_returns(void)
{
	pthread_t thread;
	void *result = NULL;
	cpg_handle_t other;

	handle = open_member("stays");
	other = open_member("goes on");
	send_bytes(handle, "stay", 4);
	on_event = stay;
	pthread_create(&thread, NULL, dispatch_blocking, NULL);
	pause_milliseconds(100);
	on_event = NULL;
	event_count = 0;
	send_bytes(other, "x", 1);
	CHECK("another handle goes on", 1, await_events(other, 1));
	CHECK("finalize it", CS_OK, cpg_finalize(other));
	if (is_ours) {
		/* The original waits for the thread here. */
		pthread_t ends;
		pthread_create(&ends, NULL, finalize, NULL);
		pthread_join(ends, &result);
		CHECK("finalize the one that is stuck", CS_OK, (intptr_t)result);
	}
}

int main(int count, char **arguments)
{
	int status = -1;
	pid_t child;

	group = named("ticks");
	if (count > 1 && strcmp(arguments[1], "send") == 0)
		return sends();
	is_ours = count > 1 && strcmp(arguments[1], "ours") == 0;
	child = fork();
	if (child == 0) {
		execl(arguments[0], arguments[0], "send", (char *)NULL);
		_exit(9);
	}
	check_flags();
	check_calls_back();
	check_jumps();
	check_thread_ends();
	check_cancellation();
	check_never_returns();
	waitpid(child, &status, 0);
	CHECK("the other member did not notice", 0, status);
	return done();
}
