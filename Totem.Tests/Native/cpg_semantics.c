/* The calls of libcpg on one node: return codes, descriptor, dispatch, order, iteration, buffers, totem changes. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/wait.h>

static unsigned int local_node;

static cpg_handle_t joined(const char *group)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named(group);
	event_count = 0;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	await_events(handle, 1);
	return handle;
}

static void unknown_handles(void)
{
	struct cpg_name name = named("g");
	struct cpg_address list[CPG_MEMBERS_MAX];
	struct cpg_iteration_description_t description;
	cpg_handle_t bad = 0x1234567800000000ULL;
	cpg_iteration_handle_t iteration;
	cpg_flow_control_state_t state;
	struct iovec vector = { "x", 1 };
	void *pointer = NULL;
	int number;
	uint32_t size;
	CHECK("finalize of an unknown handle", CS_ERR_BAD_HANDLE, cpg_finalize(bad));
	CHECK("fd_get of an unknown handle", CS_ERR_BAD_HANDLE, cpg_fd_get(bad, &number));
	CHECK("context_get of an unknown handle", CS_ERR_BAD_HANDLE, cpg_context_get(bad, &pointer));
	CHECK("context_set of an unknown handle", CS_ERR_BAD_HANDLE, cpg_context_set(bad, pointer));
	CHECK("dispatch of an unknown handle", CS_ERR_BAD_HANDLE, cpg_dispatch(bad, CS_DISPATCH_ALL));
	CHECK("join of an unknown handle", CS_ERR_BAD_HANDLE, cpg_join(bad, &name));
	CHECK("leave of an unknown handle", CS_ERR_BAD_HANDLE, cpg_leave(bad, &name));
	CHECK("mcast of an unknown handle", CS_ERR_BAD_HANDLE, cpg_mcast_joined(bad, CPG_TYPE_AGREED, &vector, 1));
	CHECK("membership_get of an unknown handle", CS_ERR_BAD_HANDLE, cpg_membership_get(bad, &name, list, &number));
	CHECK("local_get of an unknown handle", CS_ERR_BAD_HANDLE, cpg_local_get(bad, &size));
	CHECK("flow_control of an unknown handle", CS_ERR_BAD_HANDLE, cpg_flow_control_state_get(bad, &state));
	CHECK("max_atomic_msgsize of an unknown handle", CS_ERR_BAD_HANDLE, cpg_max_atomic_msgsize_get(bad, &size));
	CHECK("zcb_alloc of an unknown handle", CS_ERR_BAD_HANDLE, cpg_zcb_alloc(bad, 10, &pointer));
	CHECK("iteration_initialize of an unknown handle", CS_ERR_BAD_HANDLE,
		cpg_iteration_initialize(bad, CPG_ITERATION_ALL, NULL, &iteration));
	CHECK("iteration_next of an unknown handle", CS_ERR_BAD_HANDLE, cpg_iteration_next(bad, &description));
	CHECK("iteration_finalize of an unknown handle", CS_ERR_BAD_HANDLE, cpg_iteration_finalize(bad));
}

static void handles(void)
{
	cpg_handle_t first = 0, second = 0;
	void *context = &first;
	cpg_model_v1_data_t model = { CPG_MODEL_V1, record_message, record_change, record_totem, 0 };
	cpg_flow_control_state_t state = CPG_FLOW_CONTROL_ENABLED;
	uint32_t size = 0;
	int fd = -1, again = -2;
	CHECK("initialize without callbacks", CS_OK, RETRY(cpg_initialize(&first, NULL)));
	if (failures > 0)
		exit(1); /* no daemon: nothing below would mean anything */
	CHECK("context is null at first", CS_OK, cpg_context_get(first, &context));
	CHECK_TRUE("context is null", context == NULL);
	CHECK("context_set", CS_OK, cpg_context_set(first, &second));
	CHECK("context_get", CS_OK, cpg_context_get(first, &context));
	CHECK_TRUE("context is what was set", context == &second);
	CHECK("local_get", CS_OK, RETRY(cpg_local_get(first, &local_node)));
	CHECK_TRUE("local node is not zero", local_node != 0);
	CHECK("max_atomic_msgsize_get", CS_OK, cpg_max_atomic_msgsize_get(first, &size));
	CHECK("max_atomic_msgsize", 1047552, size);
	CHECK("flow_control_state_get", CS_OK, cpg_flow_control_state_get(first, &state));
	CHECK("flow control is off", CPG_FLOW_CONTROL_DISABLED, state);
	CHECK("fd_get", CS_OK, cpg_fd_get(first, &fd));
	CHECK("fd_get again", CS_OK, cpg_fd_get(first, &again));
	CHECK("the descriptor does not change", fd, again);
	CHECK_TRUE("the descriptor is close-on-exec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_TRUE("the descriptor does not block", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK("nothing waits", 0, polled(fd, 0));

	CHECK("model_initialize", CS_OK,
		RETRY(cpg_model_initialize(&second, CPG_MODEL_V1, (cpg_model_data_t *)&model, &size)));
	CHECK_TRUE("handles differ", first != second);
	CHECK("context of the model", CS_OK, cpg_context_get(second, &context));
	CHECK_TRUE("context is the fourth argument", context == &size);
	CHECK("finalize", CS_OK, cpg_finalize(second));
	CHECK("finalize twice", CS_ERR_BAD_HANDLE, cpg_finalize(second));
	CHECK("dispatch of a finalised handle", CS_ERR_BAD_HANDLE, cpg_dispatch(second, CS_DISPATCH_ALL));
	CHECK("model_initialize without data", CS_OK, RETRY(cpg_model_initialize(&second, CPG_MODEL_V1, NULL, NULL)));
	CHECK("finalize", CS_OK, cpg_finalize(second));
	CHECK("model_initialize of another model", CS_ERR_INVALID_PARAM,
		cpg_model_initialize(&second, 2, (cpg_model_data_t *)&model, NULL));
	model.flags = 2;
	CHECK("model_initialize with unknown flags", CS_ERR_INVALID_PARAM,
		cpg_model_initialize(&second, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL));
	CHECK("finalize", CS_OK, cpg_finalize(first));
}

static void joining(void)
{
	cpg_handle_t first, second = 0;
	struct cpg_name name = named("joining"), other = named("other"), longest, too_long;
	struct cpg_address list[CPG_MEMBERS_MAX];
	int count = -1, fd;

	first = joined("joining");
	CHECK("own join is the first event", 'c', events[0].kind);
	CHECK("own join: members", 1, events[0].members);
	CHECK("own join: nobody left", 0, events[0].left);
	CHECK("own join: one joined", 1, events[0].joined);
	CHECK("own join: reason", CPG_REASON_JOIN, events[0].joined_one.reason);
	CHECK("own join: node", local_node, events[0].joined_one.nodeid);
	CHECK("own join: process", getpid(), events[0].joined_one.pid);
	CHECK("own join: member's process", getpid(), events[0].member[0].pid);
	CHECK("own join: member's reason", 0, events[0].member[0].reason);
	CHECK("own join: group", 7, events[0].group.length);
	CHECK_TRUE("own join: group name", memcmp(events[0].group.value, "joining", 7) == 0);
	CHECK_TRUE("lists are never null", events[0].lists_are_set);
	CHECK("join again", CS_ERR_EXIST, cpg_join(first, &name));
	CHECK("join another group too", CS_ERR_EXIST, cpg_join(first, &other));
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&second, &recorders)));
	CHECK("join by another handle of the process", CS_ERR_EXIST, RETRY(cpg_join(second, &name)));
	CHECK("leave without join", CS_ERR_NOT_EXIST, RETRY(cpg_leave(second, &name)));

	memset(&too_long, 'n', sizeof(too_long));
	too_long.length = 129;
	CHECK("join: 129 bytes", CS_ERR_NAME_TOO_LONG, cpg_join(second, &too_long));
	CHECK("membership_get: 129 bytes", CS_ERR_NAME_TOO_LONG, cpg_membership_get(second, &too_long, list, &count));
	memset(&longest, 'n', sizeof(longest));
	longest.length = 128;
	event_count = 0;
	CHECK("join: 128 bytes", CS_OK, RETRY(cpg_join(second, &longest)));
	await_events(second, 1);
	CHECK("join: 128 bytes come back", 128, events[0].group.length);

	CHECK("membership_get", CS_OK, RETRY(cpg_membership_get(second, &name, list, &count)));
	CHECK("membership_get: count", 1, count);
	CHECK("membership_get: node", local_node, list[0].nodeid);
	CHECK("membership_get: process", getpid(), list[0].pid);
	CHECK("membership_get: unknown group", CS_OK, RETRY(cpg_membership_get(second, &other, list, &count)));
	CHECK("membership_get: unknown group is empty", 0, count);
	CHECK("membership_get: null list", CS_ERR_INVALID_PARAM, cpg_membership_get(second, &name, NULL, &count));
	CHECK("membership_get: null count", CS_ERR_INVALID_PARAM, cpg_membership_get(second, &name, list, NULL));

	event_count = 0;
	CHECK("leave", CS_OK, RETRY(cpg_leave(first, &name)));
	CHECK("leave again", CS_ERR_NOT_EXIST, RETRY(cpg_leave(first, &name)));
	cpg_fd_get(first, &fd);
	await_events(first, 1);
	CHECK("own leave is told", 'c', events[0].kind);
	CHECK("own leave: no members", 0, events[0].members);
	CHECK("own leave: reason", CPG_REASON_LEAVE, events[0].left_one.reason);
	CHECK("own leave: process", getpid(), events[0].left_one.pid);
	CHECK_TRUE("own leave: lists are never null", events[0].lists_are_set);
	CHECK("join after leave", CS_ERR_EXIST, RETRY(cpg_join(first, &name)));
	CHECK("mcast after leave", CS_OK, send_bytes(first, "x", 1));
	CHECK("finalize", CS_OK, cpg_finalize(first));
	CHECK("finalize", CS_OK, cpg_finalize(second));
}

static void left_handles_still_hear(void)
{
	cpg_handle_t observer, leaver = 0;
	struct cpg_name name = named("still");
	pid_t child;
	int up[2], down[2];
	char byte = 0;

	/* The other member is another process: one process joins a group once. */
	if (pipe(up) != 0 || pipe(down) != 0)
		return;
	child = fork();
	if (child == 0) {
		event_count = 0;
		if (RETRY(cpg_initialize(&leaver, &recorders)) != CS_OK || RETRY(cpg_join(leaver, &name)) != CS_OK)
			_exit(2);
		await_events(leaver, 1);
		byte = (char)(events[0].joined == 1);
		if (write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) != 1) /* wait for the parent */
			_exit(3);
		await_events(leaver, 3);
		if (RETRY(cpg_leave(leaver, &name)) != CS_OK)
			_exit(4);
		if (write(up[1], &byte, 1) != 1)
			_exit(5);
		await_events(leaver, 5); /* own leave, and a message after it */
		byte = 0;
		for (int i = 3; i < event_count; i++)
			byte = (char)(byte + (events[i].kind == 'c' ? 1 : 2));
		if (write(up[1], &byte, 1) != 1)
			_exit(6);
		if (read(down[0], &byte, 1) < 0)
			_exit(7);
		_exit(0);
	}
	CHECK("child joined", 1, read(up[0], &byte, 1));
	CHECK("child heard of one join", 1, byte);
	observer = joined("still");
	CHECK("second join: members", 2, events[0].members);
	CHECK("second join: own process joined", getpid(), events[0].joined_one.pid);
	CHECK_TRUE("members are sorted by node, then process", events[0].member[0].nodeid < events[0].member[1].nodeid
		|| (events[0].member[0].nodeid == events[0].member[1].nodeid && events[0].member[0].pid < events[0].member[1].pid));
	CHECK("send", CS_OK, send_bytes(observer, "1", 1));
	CHECK("child goes on", 1, write(down[1], "x", 1));
	CHECK("child left", 1, read(up[0], &byte, 1));
	await_events(observer, 3);
	CHECK("a leave is told", 'c', events[2].kind);
	CHECK("a leave: reason", CPG_REASON_LEAVE, events[2].left_one.reason);
	CHECK("a leave: process", child, events[2].left_one.pid);
	CHECK("a leave: one remains", 1, events[2].members);
	CHECK("send", CS_OK, send_bytes(observer, "2", 1));
	CHECK("child heard", 1, read(up[0], &byte, 1));
	CHECK("a left handle hears its leave and later messages", 3, byte);
	CHECK("child ends", 1, write(down[1], "x", 1));
	waitpid(child, NULL, 0);
	CHECK("finalize", CS_OK, cpg_finalize(observer));
	close(up[0]), close(up[1]), close(down[0]), close(down[1]);
}

static void process_ends(void)
{
	cpg_handle_t observer, other = 0;
	struct cpg_name name = named("ends");
	int up[2];
	char byte;
	for (int kind = 0; kind < 2; kind++) {
		pid_t child;
		if (pipe(up) != 0)
			return;
		observer = joined("ends");
		child = fork();
		if (child == 0) {
			event_count = 0;
			if (RETRY(cpg_initialize(&other, &recorders)) != CS_OK || RETRY(cpg_join(other, &name)) != CS_OK)
				_exit(2);
			await_events(other, 1);
			if (write(up[1], "x", 1) != 1)
				_exit(3);
			if (kind == 0)
				cpg_finalize(other);
			else
				for (;;)
					pause();
			pause_milliseconds(100);
			_exit(0);
		}
		CHECK("child joined", 1, read(up[0], &byte, 1));
		await_events(observer, 2);
		CHECK("a join is told", child, events[1].joined_one.pid);
		CHECK("a join: reason", CPG_REASON_JOIN, events[1].joined_one.reason);
		if (kind == 1)
			kill(child, SIGKILL);
		await_events(observer, 3);
		CHECK(kind == 0 ? "a finalised handle" : "a killed process", child, events[2].left_one.pid);
		CHECK_TRUE(kind == 0 ? "a finalised handle: reason" : "a killed process: reason",
			events[2].left_one.reason == CPG_REASON_PROCDOWN
				/* Without a daemon a process is its own node. */
				|| (kind == 1 && events[2].left_one.nodeid != local_node && events[2].left_one.reason == CPG_REASON_NODEDOWN));
		waitpid(child, NULL, 0);
		CHECK("finalize", CS_OK, cpg_finalize(observer));
		close(up[0]), close(up[1]);
	}
}

static void sending(void)
{
	cpg_handle_t handle, stranger = 0;
	struct iovec vectors[63];
	static char big[3000000];
	int fd;

	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&stranger, &recorders)));
	CHECK("mcast without join", CS_OK, send_bytes(stranger, "x", 1));
	CHECK("large mcast without join", CS_ERR_NOT_EXIST, send_bytes(stranger, big, sizeof(big)));
	handle = joined("sending");
	cpg_fd_get(handle, &fd);
	CHECK("mcast", CS_OK, send_bytes(handle, "ab", 2));
	CHECK("the descriptor becomes readable", POLLIN, polled(fd, 5000));
	CHECK("it stays readable", POLLIN, polled(fd, 0));
	await_events(handle, 2);
	CHECK("it is not readable when all is dispatched", 0, polled(fd, 0));
	CHECK("message", 'm', events[1].kind);
	CHECK("message: node", local_node, events[1].node);
	CHECK("message: process", getpid(), events[1].pid);
	CHECK("message: length", 2, events[1].length);
	CHECK("message: first byte", 'a', events[1].first);
	CHECK("message: last byte", 'b', events[1].last);
	CHECK_TRUE("message: aligned", events[1].is_aligned);
	CHECK("message: group", 7, events[1].group.length);

	event_count = 0;
	CHECK("mcast of nothing", CS_OK, RETRY(cpg_mcast_joined(handle, CPG_TYPE_AGREED, NULL, 0)));
	for (int i = 0; i < 63; i++)
		vectors[i] = (struct iovec){ big + i, (size_t)i % 3 };
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)i;
	CHECK("mcast of 63 vectors", CS_OK, RETRY(cpg_mcast_joined(handle, CPG_TYPE_FIFO, vectors, 63)));
	CHECK("mcast of an unknown guarantee", CS_OK, RETRY(cpg_mcast_joined(handle, 77, vectors + 1, 1)));
	CHECK("mcast safe", CS_OK, RETRY(cpg_mcast_joined(handle, CPG_TYPE_SAFE, vectors + 2, 1)));
	CHECK("mcast of 1047552 bytes", CS_OK, send_bytes(handle, big, 1047552));
	await_events(handle, 5);
	CHECK("an empty message is told", 0, events[0].length);
	CHECK("vectors are put together", 63, events[1].length);
	CHECK("one byte", 1, events[2].length);
	CHECK("two bytes", 2, events[3].length);
	CHECK("the largest", 1047552, events[4].length);
	CHECK("the largest: last byte", (unsigned char)(1047551 & 0xff), events[4].last);
	event_count = 0;
	CHECK("mcast of 3000000 bytes", CS_OK, send_bytes(handle, big, sizeof(big)));
	await_events(handle, 1);
	CHECK("3000000 bytes are one message", 3000000, events[0].length);
	CHECK("3000000 bytes: last byte", (unsigned char)(2999999 & 0xff), events[0].last);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
	CHECK("finalize", CS_OK, cpg_finalize(stranger));
}

static void dispatching(void)
{
	cpg_handle_t handle = joined("dispatching");
	struct epoll_event ready;
	int fd, epoll = epoll_create1(0);
	cpg_fd_get(handle, &fd);
	ready.events = EPOLLIN;
	CHECK("epoll_ctl", 0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ready));
	CHECK("epoll: nothing waits", 0, epoll_wait(epoll, &ready, 1, 0));
	CHECK("ONE_NONBLOCKING without events", CS_ERR_TRY_AGAIN, cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING));
	CHECK("ALL without events", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ALL));
	event_count = 0;
	for (int i = 0; i < 5; i++)
		CHECK("mcast", CS_OK, send_bytes(handle, "abcde" + i, 1));
	CHECK("epoll: events wait", 1, epoll_wait(epoll, &ready, 1, 5000));
	CHECK("ONE", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("ONE handles one", 1, event_count);
	CHECK("ONE blocks until there is one", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("ONE handles one", 2, event_count);
	for (int i = 0; i < 1000 && event_count < 3; i++)
		if (cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING) == CS_ERR_TRY_AGAIN)
			pause_milliseconds(5);
	CHECK("ONE_NONBLOCKING handles one", 3, event_count);
	await_events(handle, 5);
	CHECK("ALL handles the rest", 5, event_count);
	CHECK_TRUE("in order", events[0].first == 'a' && events[1].first == 'b' && events[2].first == 'c'
		&& events[4].first == 'e');
	CHECK("epoll: nothing waits", 0, epoll_wait(epoll, &ready, 1, 0));
	close(epoll);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static int nested_count;
static cs_error_t nested_result;

static void dispatch_again(struct event *event)
{
	on_event = NULL;
	nested_result = cpg_dispatch(event->handle, CS_DISPATCH_ONE);
	nested_count = event_count;
}

static void finalize_now(struct event *event)
{
	on_event = NULL;
	nested_result = cpg_finalize(event->handle);
}

static void leave_now(struct event *event)
{
	struct cpg_name name = event->group;
	on_event = NULL;
	nested_result = RETRY(cpg_leave(event->handle, &name));
}

static void send_now(struct event *event)
{
	on_event = NULL;
	nested_result = send_bytes(event->handle, "again", 5);
}

static void within_callbacks(void)
{
	cpg_handle_t handle = joined("within");
	event_count = 0;
	on_event = dispatch_again;
	send_bytes(handle, "1", 1);
	send_bytes(handle, "2", 1);
	CHECK("dispatch", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("nested dispatch", CS_OK, nested_result);
	CHECK("nested dispatch handles the next", 2, nested_count);

	event_count = 0;
	on_event = send_now;
	send_bytes(handle, "3", 1);
	await_events(handle, 2);
	CHECK("sending in a callback", CS_OK, nested_result);
	CHECK("what was sent in a callback comes", 5, events[1].length);

	event_count = 0;
	on_event = leave_now;
	send_bytes(handle, "4", 1);
	await_events(handle, 2);
	CHECK("leaving in a callback", CS_OK, nested_result);
	CHECK("the leave comes", CPG_REASON_LEAVE, events[1].left_one.reason);
	CHECK("finalize", CS_OK, cpg_finalize(handle));

	handle = joined("within2");
	event_count = 0;
	on_event = finalize_now;
	send_bytes(handle, "5", 1);
	send_bytes(handle, "6", 1);
	CHECK("dispatch of a handle finalised in its callback", CS_ERR_BAD_HANDLE, cpg_dispatch(handle, CS_DISPATCH_BLOCKING));
	CHECK("finalising in a callback", CS_OK, nested_result);
	CHECK("nothing is called back after that", 1, event_count);
	CHECK("the handle is gone", CS_ERR_BAD_HANDLE, cpg_finalize(handle));
}

static void without_callbacks(void)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named("silent");
	int fd;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, NULL)));
	cpg_fd_get(handle, &fd);
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	CHECK("an event waits all the same", POLLIN, polled(fd, 5000));
	event_count = 0;
	CHECK("it is consumed", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	CHECK("in silence", 0, event_count);
	CHECK("nothing waits", 0, polled(fd, 0));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static void iterating(void)
{
	cpg_handle_t first = joined("iterate1"), second = joined("iterate2");
	struct cpg_name name = named("iterate1"), too_long;
	struct cpg_iteration_description_t description;
	cpg_iteration_handle_t iteration = 0;
	CHECK("iteration: ONE_GROUP without group", CS_ERR_INVALID_PARAM,
		cpg_iteration_initialize(first, CPG_ITERATION_ONE_GROUP, NULL, &iteration));
	CHECK("iteration: ALL with group", CS_ERR_INVALID_PARAM,
		cpg_iteration_initialize(first, CPG_ITERATION_ALL, &name, &iteration));
	CHECK("iteration: NAME_ONLY with group", CS_ERR_INVALID_PARAM,
		cpg_iteration_initialize(first, CPG_ITERATION_NAME_ONLY, &name, &iteration));
	CHECK("iteration: unknown type", CS_ERR_INVALID_PARAM, cpg_iteration_initialize(first, 9, NULL, &iteration));
	CHECK("iteration: null pointer", CS_ERR_INVALID_PARAM, cpg_iteration_initialize(first, CPG_ITERATION_ALL, NULL, NULL));
	memset(&too_long, 'n', sizeof(too_long));
	too_long.length = 129;
	CHECK("iteration: 129 bytes", CS_ERR_NAME_TOO_LONG,
		cpg_iteration_initialize(first, CPG_ITERATION_ONE_GROUP, &too_long, &iteration));

	CHECK("iteration: ALL", CS_OK, RETRY(cpg_iteration_initialize(first, CPG_ITERATION_ALL, NULL, &iteration)));
	CHECK("next: null description", CS_ERR_INVALID_PARAM, cpg_iteration_next(iteration, NULL));
	CHECK("next", CS_OK, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK_TRUE("the newest group comes first", description.group.length == 8
		&& memcmp(description.group.value, "iterate2", 8) == 0);
	CHECK("next: node", local_node, description.nodeid);
	CHECK("next: process", getpid(), description.pid);
	CHECK("next", CS_OK, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK_TRUE("then the one before", description.group.length == 8
		&& memcmp(description.group.value, "iterate1", 8) == 0);
	CHECK("next after the last", CS_ERR_NO_SECTIONS, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK("next once more", CS_OK, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK_TRUE("starts again", memcmp(description.group.value, "iterate2", 8) == 0);
	CHECK("iteration_finalize", CS_OK, RETRY(cpg_iteration_finalize(iteration)));
	CHECK("iteration_finalize twice", CS_ERR_BAD_HANDLE, cpg_iteration_finalize(iteration));
	CHECK("next when finalised", CS_ERR_BAD_HANDLE, cpg_iteration_next(iteration, &description));

	CHECK("iteration: NAME_ONLY", CS_OK,
		RETRY(cpg_iteration_initialize(first, CPG_ITERATION_NAME_ONLY, NULL, &iteration)));
	CHECK("next", CS_OK, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK("NAME_ONLY: no node", 0, description.nodeid);
	CHECK("NAME_ONLY: no process", 0, description.pid);
	CHECK("iteration_finalize", CS_OK, RETRY(cpg_iteration_finalize(iteration)));
	CHECK("iteration: ONE_GROUP", CS_OK,
		RETRY(cpg_iteration_initialize(first, CPG_ITERATION_ONE_GROUP, &name, &iteration)));
	CHECK("next", CS_OK, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK_TRUE("ONE_GROUP: that group", memcmp(description.group.value, "iterate1", 8) == 0);
	CHECK("next after the last", CS_ERR_NO_SECTIONS, RETRY(cpg_iteration_next(iteration, &description)));
	CHECK("finalize", CS_OK, cpg_finalize(first));
	CHECK("the handle takes its iterators along", CS_ERR_BAD_HANDLE, cpg_iteration_next(iteration, &description));
	CHECK("finalize", CS_OK, cpg_finalize(second));
}

static void buffers(void)
{
	cpg_handle_t stranger = 0, handle;
	void *buffer = NULL, *unused = NULL;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&stranger, &recorders)));
	CHECK("zcb_alloc", CS_OK, cpg_zcb_alloc(stranger, 100, &unused));
	CHECK("zcb_mcast without join", CS_ERR_NOT_EXIST, RETRY(cpg_zcb_mcast_joined(stranger, CPG_TYPE_AGREED, unused, 10)));
	CHECK("zcb_free", CS_OK, cpg_zcb_free(stranger, unused));
	handle = joined("buffers");
	CHECK("zcb_alloc", CS_OK, cpg_zcb_alloc(handle, 1 << 20, &buffer));
	memset(buffer, 'z', 1 << 20);
	event_count = 0;
	CHECK("zcb_mcast", CS_OK, RETRY(cpg_zcb_mcast_joined(handle, CPG_TYPE_AGREED, buffer, 1000)));
	await_events(handle, 1);
	CHECK("zcb: length", 1000, events[0].length);
	CHECK("zcb: bytes", 'z', events[0].last);
	CHECK("zcb_mcast again", CS_OK, RETRY(cpg_zcb_mcast_joined(handle, CPG_TYPE_AGREED, buffer, 7)));
	await_events(handle, 2);
	CHECK("zcb: length", 7, events[1].length);
	CHECK("zcb_free", CS_OK, cpg_zcb_free(handle, buffer));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
	CHECK("finalize", CS_OK, cpg_finalize(stranger));
}

static void totem_changes(void)
{
	cpg_handle_t handle = 0;
	cpg_model_v1_data_t model = { CPG_MODEL_V1, record_message, record_change, record_totem,
		CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF };
	struct cpg_name name = named("totem");
	event_count = 0;
	CHECK("model_initialize", CS_OK, RETRY(cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	await_events(handle, 2);
	CHECK("first the own join", 'c', events[0].kind);
	CHECK("then the totem change", 't', events[1].kind);
	CHECK("totem: members", 1, events[1].members);
	CHECK("totem: node", local_node, events[1].node);
	CHECK("totem: representative", local_node, events[1].ring.nodeid);
	CHECK_TRUE("totem: sequence", events[1].ring.seq > 0 && events[1].ring.seq < 1000000);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static void many_messages(void)
{
	cpg_handle_t handle = joined("many");
	int sent = 0, in_order = 1;
	event_count = 0;
	while (sent < 4000) {
		int number = sent;
		struct iovec vector = { &number, sizeof(number) };
		cs_error_t result = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1);
		if (result == CS_OK)
			sent++;
		else if (result == CS_ERR_TRY_AGAIN)
			cpg_dispatch(handle, CS_DISPATCH_ALL);
		else
			break;
	}
	CHECK("many: sent", 4000, sent);
	await_events(handle, 4000);
	CHECK("many: received", 4000, event_count);
	for (int i = 0; i < event_count; i++)
		in_order &= events[i].first == (unsigned char)i;
	CHECK_TRUE("many: in order", in_order);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

int main(int count, char **arguments)
{
	int is_quick = count > 1 && strcmp(arguments[1], "--one-process") == 0;
	unknown_handles();
	handles();
	unknown_handles();
	joining();
	sending();
	dispatching();
	within_callbacks();
	without_callbacks();
	iterating();
	buffers();
	totem_changes();
	many_messages();
	if (!is_quick) {
		left_handles_still_hear();
		process_ends();
	}
	return done();
}
