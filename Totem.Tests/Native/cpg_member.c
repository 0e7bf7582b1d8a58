/*
 * A member of a group for tests of several processes: usage cpg_member GROUP. Says what happens, a line each, with the
 * time in microseconds of the monotonic clock, and does what its standard input says: "send TEXT", "count N SIZE",
 * "leave", "quit".
 */
#include "check.h"

#include <ctype.h>

static cpg_handle_t handle;
static struct cpg_name group;
#define NODE_MAX 65536 /* as corosync's cpghum, which keeps what it counts in arrays by node id */
static unsigned counted[NODE_MAX + 1];
static unsigned long long received, hash = 14695981039346656037ULL;

static long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static void print_list(const char *name, const struct cpg_address *list, size_t count)
{
	printf(" %s=", name);
	for (size_t i = 0; i < count; i++)
		printf("%s%u/%u/%u", i == 0 ? "" : ",", list[i].nodeid, list[i].pid, list[i].reason);
}

static void on_message(cpg_handle_t from, const struct cpg_name *name, uint32_t node, uint32_t pid, void *message,
	size_t length)
{
	(void)from, (void)name;
	if (node > NODE_MAX) {
		fprintf(stderr, "node id %u is above %d: no room to count its messages\n", node, NODE_MAX);
		exit(1);
	}
	counted[node]++;
	received++;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((unsigned char *)message)[i]) * 1099511628211ULL;
	hash = (hash ^ node) * 1099511628211ULL;
	hash = (hash ^ pid) * 1099511628211ULL;
	/* A message of "count" begins with a number, and is only counted. */
	if (length > 0 && isprint(*(unsigned char *)message))
		printf("%lld message %u/%u %.*s\n", now(), node, pid, (int)(length > 60 ? 60 : length), (char *)message);
	if (length == 3 && memcmp(message, "end", 3) == 0)
		printf("%lld hash %llu %016llx\n", now(), received, hash);
}

static void on_change(cpg_handle_t from, const struct cpg_name *name, const struct cpg_address *members,
	size_t member_count,
	const struct cpg_address *left, size_t left_count, const struct cpg_address *joined, size_t joined_count)
{
	(void)from, (void)name;
	printf("%lld change %zu", now(), member_count);
	print_list("members", members, member_count);
	print_list("left", left, left_count);
	print_list("joined", joined, joined_count);
	printf("\n");
}

static void send_many(int count, int size)
{
	unsigned char *message = calloc(1, (size_t)size + sizeof(int));
	for (int sent = 0; sent < count;) {
		struct iovec vector = { message, (size_t)size };
		cs_error_t result;
		message[0] = 0;
		if (size >= 5)
			memcpy(message + 1, &sent, sizeof(sent));
		result = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1);
		if (result == CS_OK)
			sent++;
		else if (result != CS_ERR_TRY_AGAIN)
			printf("%lld failed %d\n", now(), result);
		if (result != CS_OK)
			cpg_dispatch(handle, CS_DISPATCH_ALL);
	}
	free(message);
}

int main(int count, char **arguments)
{
	cpg_callbacks_t callbacks = { on_message, on_change };
	struct pollfd waits[2];
	unsigned int node = 0;
	cs_error_t result;
	char line[256];
	size_t used = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	group = named(count > 1 ? arguments[1] : "members");
	result = RETRY(cpg_initialize(&handle, &callbacks));
	if (result == CS_OK)
		result = RETRY(cpg_local_get(handle, &node));
	if (result == CS_OK)
		result = RETRY(cpg_join(handle, &group));
	printf("%lld started %d node %u pid %d\n", now(), result, node, getpid());
	if (result != CS_OK)
		return 1;
	cpg_fd_get(handle, &waits[0].fd);
	waits[1].fd = 0;
	waits[0].events = waits[1].events = POLLIN;
	for (;;) {
		poll(waits, 2, -1);
		if (waits[0].revents != 0 && cpg_dispatch(handle, CS_DISPATCH_ALL) != CS_OK) {
			printf("%lld lost\n", now());
			return 2;
		}
		if (waits[1].revents == 0)
			continue;
		if (used == sizeof(line) - 1 || read(0, line + used, 1) != 1)
			break;
		if (line[used++] != '\n')
			continue;
		line[used - 1] = 0;
		used = 0;
		if (strncmp(line, "send ", 5) == 0) {
			printf("%lld sent %d\n", now(), send_bytes(handle, line + 5, strlen(line + 5)));
		} else if (strncmp(line, "count ", 6) == 0) {
			int messages = 0, size = 0;
			sscanf(line + 6, "%d %d", &messages, &size);
			send_many(messages, size);
			printf("%lld counted\n", now());
		} else if (strcmp(line, "leave") == 0) {
			printf("%lld left %d\n", now(), RETRY(cpg_leave(handle, &group)));
		} else if (strcmp(line, "quit") == 0) {
			break;
		}
	}
	printf("%lld finalized %d\n", now(), cpg_finalize(handle));
	return 0;
}
