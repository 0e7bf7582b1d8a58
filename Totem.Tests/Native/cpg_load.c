/*
 * A client of a closed process group for tests: it joins, sends numbered messages of seeded random lengths, and prints
 * what it is delivered, one event a line. It uses nothing but libcpg, so it runs against a real daemon and against a
 * drop-in library alike.
 *
 *   cpg_load SEED LENGTH_MIN LENGTH_MAX LARGE_PERMILLE
 *
 * A thousand messages have LARGE_PERMILLE lengths drawn from the whole range and the rest from its part below 1500
 * bytes, both so that each order of magnitude is as likely as the next.
 *
 * Standard input, one command a line; its end means quit:
 *   join NAME            joins; after a leave with a new connection, since one connection joins once
 *   send COUNT RATE      COUNT messages (0: until stop), at most RATE a second (0: as fast as they are taken)
 *   stop                 ends the sending
 *   leave                leaves the group
 *   quit                 ends
 *
 * Standard output:
 *   up NODE PID                            connected
 *   m NODE PID NUMBER LENGTH OK            a message; NUMBER 0 is not known yet (see below), OK is 1 when the bytes are
 *                                          right
 *   c MEMBERS LEFT JOINED                  a membership: NODE:PID or NODE:PID:REASON with commas between, - for none
 *   t NODE.SEQUENCE NODES                  a ring
 *   h COUNT HASH                           messages so far, and the hash over (node, pid, number) in their order
 *   s COUNT                                a send ended; messages taken since the join
 *   r COMMAND                              a join or leave was accepted
 *   e CALL CODE                            a call failed; the program ends with code 3
 *
 * A message is 16 bytes of header (number, node, pid, length; little-endian) and bytes drawn from them, cut to its
 * length: every byte is known to who knows the header. Numbers begin with 1 at each join. One of under 4 bytes does not
 * carry its number whole; the order of a sender's messages gives it, unless nothing was seen of that sender before, not
 * even its join.
 */
#include <corosync/cpg.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LENGTH_LIMIT (1000 * 1000)
#define HEADER_BYTES 16
#define NUMBER_BYTES 4
#define SMALL_MAX 1500
#define SENDERS_MAX 256
#define HASH_EVERY 1000
#define DISPATCHES_PER_TURN 64
#define SENDS_PER_TURN 16
#define RETRY_MILLISECONDS 2
#define EXIT_CALL_FAILED 3

struct sender {
	uint32_t node, pid, last_number;
	int known; /* whether last_number is */
};

static struct sender senders[SENDERS_MAX];
static int sender_count;

static cpg_handle_t handle;
static int connected, joined, left_delivered, quitting;
static uint32_t own_node, own_pid;
static struct cpg_name group;

static uint64_t random_state;
static uint32_t length_min, length_max, large_permille;

static uint64_t delivered, order_hash = 14695981039346656037u;

/* The send under way. */
static int sending;
static uint32_t accepted, goal; /* a goal of 0 is none */
static double rate, began;
static uint32_t began_at;
static uint32_t prepared; /* length of the message in `outgoing` that waits to be taken; 0: none */

static uint8_t outgoing[LENGTH_LIMIT + 8], expected[LENGTH_LIMIT + 8];

static void fail(const char *call, int code)
{
	printf("e %s %d\n", call, code);
	fflush(stdout);
	exit(EXIT_CALL_FAILED);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717u;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static uint32_t draw_length(void)
{
	int large = next_random(&random_state) % 1000 < large_permille;
	uint32_t top = large || length_max < SMALL_MAX || length_min >= SMALL_MAX ? length_max : SMALL_MAX;
	double share = (next_random(&random_state) >> 11) / 9007199254740992.0;
	uint32_t length = (uint32_t)(length_min * exp(share * log((top + 1.0) / length_min)));
	return length > top ? top : length;
}

static void compose(uint8_t *message, uint32_t number, uint32_t node, uint32_t pid, uint32_t length)
{
	uint32_t header[4] = {number, node, pid, length};
	uint64_t state = ((uint64_t)number << 32 | node) * 0x9E3779B97F4A7C15u + pid + length + 1;
	memcpy(message, header, HEADER_BYTES);
	for (uint32_t at = HEADER_BYTES; at < length; at += 8) {
		uint64_t word = next_random(&state);
		memcpy(message + at, &word, 8);
	}
}

static struct sender *sender_of(uint32_t node, uint32_t pid)
{
	for (int i = 0; i < sender_count; i++)
		if (senders[i].node == node && senders[i].pid == pid)
			return &senders[i];
	if (sender_count == SENDERS_MAX)
		fail("too_many_senders", sender_count);
	senders[sender_count] = (struct sender){.node = node, .pid = pid};
	return &senders[sender_count++];
}

static void hash_in(uint32_t value)
{
	for (int i = 0; i < 4; i++)
		order_hash = (order_hash ^ (value >> 8 * i & 0xFF)) * 1099511628211u;
}

static void on_deliver(cpg_handle_t h, const struct cpg_name *name, uint32_t node, uint32_t pid, void *message,
	size_t length)
{
	struct sender *sender = sender_of(node, pid);
	uint32_t number = 0;
	int ok = length <= LENGTH_LIMIT;
	(void)h, (void)name;
	if (length >= NUMBER_BYTES)
		memcpy(&number, message, NUMBER_BYTES);
	else if (sender->known)
		number = sender->last_number + 1;
	if (ok && number != 0) {
		compose(expected, number, node, pid, length);
		ok = memcmp(expected, message, length) == 0;
	}
	sender->last_number = number;
	sender->known = number != 0;
	delivered++;
	hash_in(node), hash_in(pid), hash_in(number);
	printf("m %u %u %u %zu %d\n", node, pid, number, length, ok);
	if (delivered % HASH_EVERY == 0)
		printf("h %" PRIu64 " %016" PRIx64 "\n", delivered, order_hash);
}

static void print_list(const struct cpg_address *list, size_t count, int with_reason)
{
	putchar(' ');
	if (count == 0)
		putchar('-');
	for (size_t i = 0; i < count; i++) {
		printf("%s%u:%u", i == 0 ? "" : ",", list[i].nodeid, list[i].pid);
		if (with_reason)
			printf(":%u", list[i].reason);
	}
}

static void on_change(cpg_handle_t h, const struct cpg_name *name, const struct cpg_address *members,
	size_t member_count,
	const struct cpg_address *left, size_t left_count, const struct cpg_address *came, size_t came_count)
{
	(void)h, (void)name;
	for (size_t i = 0; i < left_count; i++) {
		/* Messages that it sends while it is away are not seen here, so its next number is not known. */
		sender_of(left[i].nodeid, left[i].pid)->known = 0;
		if (left[i].nodeid == own_node && left[i].pid == own_pid)
			left_delivered = 1;
	}
	for (size_t i = 0; i < came_count; i++) {
		struct sender *sender = sender_of(came[i].nodeid, came[i].pid);
		sender->known = came[i].reason == CPG_REASON_JOIN;
		sender->last_number = 0;
	}
	putchar('c');
	print_list(members, member_count, 0);
	print_list(left, left_count, 1);
	print_list(came, came_count, 1);
	putchar('\n');
}

static void on_ring(cpg_handle_t h, struct cpg_ring_id ring, uint32_t count, const uint32_t *members)
{
	(void)h;
	printf("t %u.%" PRIu64 " ", ring.nodeid, ring.seq);
	for (uint32_t i = 0; i < count; i++)
		printf("%s%u", i == 0 ? "" : ",", members[i]);
	putchar('\n');
}

static void wait_milliseconds(int milliseconds)
{
	poll(NULL, 0, milliseconds);
}

static void connect_group(void)
{
	cpg_model_v1_data_t model = {
		.model = CPG_MODEL_V1,
		.cpg_deliver_fn = on_deliver,
		.cpg_confchg_fn = on_change,
		.cpg_totem_confchg_fn = on_ring,
		.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF,
	};
	cs_error_t code;
	while ((code = cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL)) == CS_ERR_TRY_AGAIN)
		wait_milliseconds(RETRY_MILLISECONDS);
	if (code != CS_OK)
		fail("cpg_model_initialize", code);
	while ((code = cpg_local_get(handle, &own_node)) == CS_ERR_TRY_AGAIN)
		wait_milliseconds(RETRY_MILLISECONDS);
	if (code != CS_OK)
		fail("cpg_local_get", code);
	connected = 1;
	printf("up %u %u\n", own_node, own_pid);
}

static void join_group(const char *name)
{
	cs_error_t code;
	if (connected)
		cpg_finalize(handle);
	left_delivered = 0;
	sender_count = 0;
	accepted = 0;
	connect_group();
	group.length = strnlen(name, CPG_MAX_NAME_LENGTH);
	memcpy(group.value, name, group.length);
	while ((code = cpg_join(handle, &group)) == CS_ERR_TRY_AGAIN)
		wait_milliseconds(RETRY_MILLISECONDS);
	if (code != CS_OK)
		fail("cpg_join", code);
	joined = 1;
	printf("r join\n");
}

static void leave_group(void)
{
	cs_error_t code;
	while ((code = cpg_leave(handle, &group)) == CS_ERR_TRY_AGAIN)
		wait_milliseconds(RETRY_MILLISECONDS);
	if (code != CS_OK)
		fail("cpg_leave", code);
	joined = 0;
	printf("r leave\n");
}

static void end_sending(void)
{
	sending = 0;
	prepared = 0;
	printf("s %u\n", accepted);
}

static void obey(char *line)
{
	char name[CPG_MAX_NAME_LENGTH + 1];
	uint32_t count;
	if (sscanf(line, "join %128s", name) == 1) {
		join_group(name);
	} else if (sscanf(line, "send %u %lf", &count, &rate) == 2) {
		sending = 1;
		goal = count == 0 ? 0 : accepted + count;
		began = now();
		began_at = accepted;
	} else if (strcmp(line, "stop") == 0) {
		if (sending)
			end_sending();
	} else if (strcmp(line, "leave") == 0) {
		if (sending)
			end_sending();
		leave_group();
	} else if (strcmp(line, "quit") == 0) {
		quitting = 1;
	} else {
		fail("unknown_command", 0);
	}
}

static void read_commands(void)
{
	static char buffer[4096];
	static size_t filled;
	ssize_t count = read(STDIN_FILENO, buffer + filled, sizeof(buffer) - 1 - filled);
	char *end;
	if (count <= 0) {
		quitting = 1;
		return;
	}
	filled += count;
	buffer[filled] = '\0';
	while ((end = strchr(buffer, '\n')) != NULL) {
		*end = '\0';
		obey(buffer);
		filled -= end + 1 - buffer;
		memmove(buffer, end + 1, filled + 1);
	}
}

/* Returns how long to wait before the next attempt, in milliseconds; 0 when there may be more to do at once. */
static int send_some(void)
{
	for (int i = 0; i < SENDS_PER_TURN && sending; i++) {
		double due = rate > 0 ? began + (accepted - began_at) / rate : 0;
		double early = due - now();
		struct iovec vector;
		cs_error_t code;
		if (rate > 0 && early > 0)
			return (int)(early * 1000) + 1;
		if (prepared == 0) {
			prepared = draw_length();
			compose(outgoing, accepted + 1, own_node, own_pid, prepared);
		}
		vector = (struct iovec){outgoing, prepared};
		code = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1);
		if (code == CS_ERR_TRY_AGAIN)
			return RETRY_MILLISECONDS;
		if (code != CS_OK)
			fail("cpg_mcast_joined", code);
		accepted++;
		prepared = 0;
		if (goal != 0 && accepted == goal)
			end_sending();
	}
	return 0;
}

static void dispatch_some(void)
{
	for (int i = 0; i < DISPATCHES_PER_TURN; i++) {
		cs_error_t code = cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING);
		if (code == CS_ERR_TRY_AGAIN)
			return;
		if (code != CS_OK)
			fail("cpg_dispatch", code);
	}
}

static void turn(int pause)
{
	struct pollfd files[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	if (connected && cpg_fd_get(handle, &files[1].fd) != CS_OK)
		fail("cpg_fd_get", 0);
	if (poll(files, 2, sending ? pause : -1) < 0 && errno != EINTR)
		fail("poll", errno);
	if (files[1].revents != 0)
		dispatch_some();
	if (left_delivered && !joined && connected) {
		/* A connection that has left goes on hearing the group; nobody here wants that. */
		cpg_finalize(handle);
		connected = 0;
	}
	if (files[0].revents != 0)
		read_commands();
}

int main(int argc, char **argv)
{
	int pause = 0;
	if (argc != 5) {
		fprintf(stderr, "usage: cpg_load SEED LENGTH_MIN LENGTH_MAX LARGE_PERMILLE\n");
		return 2;
	}
	random_state = strtoull(argv[1], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
	length_min = strtoul(argv[2], NULL, 10);
	length_max = strtoul(argv[3], NULL, 10);
	large_permille = strtoul(argv[4], NULL, 10);
	if (length_min == 0 || length_max < length_min || length_max > LENGTH_LIMIT) {
		fprintf(stderr, "expected 1 <= LENGTH_MIN <= LENGTH_MAX <= %d\n", LENGTH_LIMIT);
		return 2;
	}
	own_pid = getpid();
	while (!quitting) {
		fflush(stdout);
		turn(pause);
		pause = send_some();
	}
	if (connected)
		cpg_finalize(handle);
	fflush(stdout);
	return 0;
}
