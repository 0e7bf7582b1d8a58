/*
 * The kernel's speed with datagrams, without any protocol: the limit that rings are held against. Speaks to its parent
 * as a node of a ring does: a line of setup, which it ignores, then {"do":...} lines; it answers with {"event":...}
 * lines.
 *
 *   limits token|token-busy SELF NODES OWN_ADDRESS OWN_PORT NEXT_ADDRESS NEXT_PORT
 *       A datagram goes round all nodes. Blocking receives, or a receive that is repeated until it has something.
 *   limits hop SELF NODES OWN_ADDRESS OWN_PORT ADDRESS PORT ...
 *       Node 1 sends one datagram to each other node and sends again when all have answered: the addresses of all
 *       nodes, itself too. Each receiver measures from before the first send to its own receipt. LIMIT_PER_SECOND in
 *       the environment: it sends so often at most, so that all sleep in between.
 *   limits fanout|fanout-mmsg|fanout-gso SELF NODES OWN_ADDRESS PORT GROUP
 *       Node 1 multicasts datagrams as fast as it can, the others receive: one a call, or batches of sendmmsg(2) and
 *       recvmmsg(2), or with segmentation and receive offload (UDP_SEGMENT, UDP_GRO; udp(7)).
 *
 * Every datagram carries the phase of the run, so that the window begins and ends in all processes with the same
 * datagram, or near it where datagrams are lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define TOKEN_BYTES 64        /* about the length of a token without requests */
#define DATAGRAM_BYTES 1400
#define SEGMENTS 44           /* of 1400 bytes in one datagram of at most 65507 */
#define BATCH 32
#define BUFFER_BYTES (2 << 20) /* what a member of ours asks for */
#define LAST_REPEATS 40       /* the last phase must arrive somehow */

/* Buckets as in LatencyHistogram.cs. */
#define PART_BITS 7
#define BUCKETS (34 << PART_BITS)

enum phase { WARM = 1, OPEN = 2, CLOSED = 3 };

struct header {
	uint32_t phase;
	uint32_t number;
	int64_t sent;
};

static _Atomic uint32_t wanted; /* what the parent asked for last */
static uint32_t phase;
static int node, descriptor;
static int is_receiver; /* its latencies are a receiver's */
static uint64_t messages, bytes, own;
static uint64_t buckets[BUCKETS], longest, sum;
static int64_t began, processor;
static uint8_t buffer[BATCH][65536];

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int64_t processor_time(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000000)
		+ (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * INT64_C(1000);
}

static void fail(const char *what)
{
	printf("{\"event\":\"failed\",\"exitCode\":3,\"message\":\"%s: %s\"}\n", what, strerror(errno));
	fflush(stdout);
	exit(3);
}

static void say(const char *event)
{
	printf("{\"event\":\"%s\"}\n", event);
	fflush(stdout);
}

static void record(int64_t nanoseconds)
{
	uint64_t value = nanoseconds < 1 ? 1 : (uint64_t)nanoseconds;
	int shift = 63 - __builtin_clzll(value) - PART_BITS;
	if (shift < 0)
		shift = 0;
	uint64_t index = ((uint64_t)shift << PART_BITS) + (value >> shift);
	buckets[index < BUCKETS ? index : BUCKETS - 1]++;
	sum += value;
	if (value > longest)
		longest = value;
}

static uint64_t upper_end(uint64_t index)
{
	uint64_t shift = index >> PART_BITS ? (index >> PART_BITS) - 1 : 0;
	uint64_t end = ((index - (shift << PART_BITS) + 1) << shift) - 1;
	return end < longest ? end : longest;
}

static void print_list(int counts)
{
	const char *between = "";
	for (uint64_t i = 0; i < BUCKETS; i++)
		if (buckets[i]) {
			printf("%s%" PRIu64, between, counts ? buckets[i] : upper_end(i));
			between = ",";
		}
}

static void report(void)
{
	printf("{\"event\":\"closed\",\"counts\":{\"node\":%d,\"nanoseconds\":%" PRId64 ",\"messages\":%" PRIu64
		",\"ownMessages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"processorNanoseconds\":%" PRId64
		",\"retransmissions\":null,\"membershipChanges\":0,\"collections\":0,"
		"\"collectorPauseNanoseconds\":0,\"allocatedBytes\":0,"
		"\"%s\":{\"upTo\":[", node, now() - began, messages, own, bytes, processor_time() - processor,
		is_receiver ? "atReceiver" : "atSender");
	print_list(0);
	printf("],\"counts\":[");
	print_list(1);
	printf("],\"sum\":%" PRIu64 ",\"max\":%" PRIu64 "},\"%s\":{\"upTo\":[],\"counts\":[],\"sum\":0,\"max\":0}}}\n", sum,
		longest, is_receiver ? "atSender" : "atReceiver");
	fflush(stdout);
}

/* Counting begins and ends where the phase of the datagrams changes. */
static void enter(uint32_t next)
{
	if (next == phase || phase == CLOSED)
		return;
	phase = next;
	if (next == OPEN) {
		messages = bytes = own = sum = longest = 0;
		memset(buckets, 0, sizeof buckets);
		processor = processor_time();
		began = now();
		say("opened");
	} else if (next == CLOSED) {
		report();
	}
}

/* The parent's words; it is gone when they end. */
static void *listen_to_parent(void *unused)
{
	char *line = NULL;
	size_t room = 0;
	(void)unused;
	while (getline(&line, &room, stdin) >= 0) {
		if (strstr(line, "\"do\":\"load\""))
			wanted = WARM;
		else if (strstr(line, "\"do\":\"open\""))
			wanted = OPEN;
		else if (strstr(line, "\"do\":\"close\""))
			wanted = CLOSED;
		else if (strstr(line, "\"do\":\"leave\""))
			break;
	}
	_exit(0);
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	if (inet_pton(AF_INET, host, &result.sin_addr) != 1)
		fail(host);
	return result;
}

static void open_socket(struct sockaddr_in bound)
{
	int size = BUFFER_BYTES, on = 1;
	descriptor = socket(AF_INET, SOCK_DGRAM, 0);
	if (descriptor < 0)
		fail("socket");
	setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(descriptor, (struct sockaddr *)&bound, sizeof bound) < 0)
		fail("bind");
}

static void wait_for_load(void)
{
	while (wanted == 0)
		usleep(1000);
}

static void run_token(int busy, struct sockaddr_in next)
{
	uint8_t token[TOKEN_BYTES] = {0};
	struct header *header = (struct header *)token;
	int64_t sent = 0;
	if (node == 1) {
		wait_for_load();
		usleep(100000); /* the others have bound their sockets by now: all said that they are ready */
		header->phase = WARM;
		sent = now();
		sendto(descriptor, token, sizeof token, 0, (struct sockaddr *)&next, sizeof next);
	}
	for (;;) {
		ssize_t length;
		do
			length = recv(descriptor, token, sizeof token, busy ? MSG_DONTWAIT : 0);
		while (length < 0 && (errno == EAGAIN || errno == EINTR));
		if (length < 0)
			fail("recv");
		messages++;
		if (node == 1) {
			int64_t at = now();
			record(at - sent);
			sent = at;
			header->phase = wanted;
		}
		uint32_t seen = header->phase;
		int was_closed = phase == CLOSED;
		if (sendto(descriptor, token, sizeof token, 0, (struct sockaddr *)&next, sizeof next) < 0)
			fail("sendto");
		enter(seen);
		if (was_closed && node == 1)
			pause(); /* the token goes to its end behind everybody's report */
	}
}

static void send_hops(int others, const struct sockaddr_in *addresses)
{
	uint8_t datagram[TOKEN_BYTES] = {0};
	struct header *header = (struct header *)datagram;
	const char *rate = getenv("LIMIT_PER_SECOND");
	useconds_t pause_length = rate && atof(rate) > 0 ? (useconds_t)(1e6 / atof(rate)) : 0;
	wait_for_load();
	usleep(100000);
	for (uint32_t number = 1; phase != CLOSED; number++) {
		if (pause_length)
			usleep(pause_length);
		header->phase = wanted;
		header->number = number;
		header->sent = now();
		for (int i = 0; i < others; i++)
			if (sendto(descriptor, datagram, sizeof datagram, 0, (const struct sockaddr *)&addresses[i],
				sizeof addresses[i]) < 0)
				fail("sendto");
		for (int answered = 0; answered < others;) {
			struct header answer;
			ssize_t length = recv(descriptor, &answer, sizeof answer, 0);
			if (length < 0 && errno != EINTR)
				fail("recv");
			answered += length == (ssize_t)sizeof answer && answer.number == number;
		}
		record(now() - header->sent);
		messages++;
		enter(header->phase);
	}
	pause();
}

static void answer_hops(void)
{
	uint8_t datagram[TOKEN_BYTES];
	struct header *header = (struct header *)datagram;
	is_receiver = 1;
	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		if (recvfrom(descriptor, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &length) < 0) {
			if (errno == EINTR)
				continue;
			fail("recvfrom");
		}
		int64_t at = now();
		sendto(descriptor, header, sizeof *header, 0, (struct sockaddr *)&from, length);
		if (header->phase != CLOSED) {
			record(at - header->sent);
			messages++;
		}
		enter(header->phase);
	}
}

static void send_datagrams(int batched, int offload, struct sockaddr_in group)
{
	int segment = DATAGRAM_BYTES;
	struct iovec vectors[BATCH];
	struct mmsghdr headers[BATCH];
	size_t length = offload ? SEGMENTS * DATAGRAM_BYTES : DATAGRAM_BYTES;
	if (connect(descriptor, (struct sockaddr *)&group, sizeof group) < 0)
		fail("connect");
	if (offload && setsockopt(descriptor, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0)
		fail("UDP_SEGMENT");
	memset(headers, 0, sizeof headers);
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){.iov_base = buffer[i], .iov_len = DATAGRAM_BYTES};
		headers[i].msg_hdr.msg_iov = &vectors[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	wait_for_load();
	usleep(100000);
	while (phase != CLOSED) {
		uint32_t next = wanted;
		uint64_t sent = 0;
		for (int i = 0; i < (batched ? BATCH : 1); i++)
			for (size_t at = 0; at < length; at += DATAGRAM_BYTES)
				((struct header *)(buffer[i] + at))->phase = next;
		if (batched) {
			int count = sendmmsg(descriptor, headers, BATCH, 0);
			sent = count < 0 ? 0 : (uint64_t)count;
		} else if (send(descriptor, buffer[0], length, 0) >= 0) {
			sent = length / DATAGRAM_BYTES;
		}
		if (sent == 0 && errno != ENOBUFS && errno != ECONNREFUSED)
			fail("send");
		own += sent;
		enter(next);
	}
	for (int i = 0; i < LAST_REPEATS; i++) {
		usleep(5000);
		((struct header *)buffer[0])->phase = CLOSED;
		(void)!send(descriptor, buffer[0], DATAGRAM_BYTES, 0);
	}
	pause();
}

static void take(const uint8_t *datagram, size_t length)
{
	uint32_t seen = ((const struct header *)datagram)->phase;
	if (seen != phase) {
		enter(seen);
		if (seen == CLOSED)
			return;
	}
	messages += (length + DATAGRAM_BYTES - 1) / DATAGRAM_BYTES;
	bytes += length;
}

static void receive_datagrams(int batched, int offload, const char *group, const char *own_address)
{
	struct ip_mreq request;
	struct iovec vectors[BATCH];
	struct mmsghdr headers[BATCH];
	int on = 1;
	inet_pton(AF_INET, group, &request.imr_multiaddr);
	inet_pton(AF_INET, own_address, &request.imr_interface);
	if (setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) < 0)
		fail("IP_ADD_MEMBERSHIP");
	if (offload && setsockopt(descriptor, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0)
		fail("UDP_GRO");
	memset(headers, 0, sizeof headers);
	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){.iov_base = buffer[i], .iov_len = sizeof buffer[i]};
		headers[i].msg_hdr.msg_iov = &vectors[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		if (batched) {
			int count = recvmmsg(descriptor, headers, BATCH, MSG_WAITFORONE, NULL);
			for (int i = 0; i < count; i++)
				take(buffer[i], headers[i].msg_len);
		} else {
			ssize_t length = recv(descriptor, buffer[0], sizeof buffer[0], 0);
			if (length > 0)
				take(buffer[0], (size_t)length);
		}
	}
}

int main(int count, char **words)
{
	pthread_t listener;
	const char *mode = count > 1 ? words[1] : "";
	int is_token = !strncmp(mode, "token", 5), is_hop = !strcmp(mode, "hop"), nodes = count > 3 ? atoi(words[3]) : 0;
	if (count != (is_token ? 8 : is_hop ? 6 + 2 * nodes : 7)) {
		fprintf(stderr, "limits: see the comment in limits.c\n");
		return 2;
	}
	node = atoi(words[2]);
	struct sockaddr_in bound = address(is_token || is_hop || node == 1 ? words[4] : "0.0.0.0", words[5]);
	if (!is_token && !is_hop && node == 1)
		bound.sin_port = 0;
	open_socket(bound);
	if (pthread_create(&listener, NULL, listen_to_parent, NULL))
		fail("pthread_create");
	int batched = !strcmp(mode, "fanout-mmsg"), offload = !strcmp(mode, "fanout-gso");
	say("ready");
	if (is_token)
		run_token(!strcmp(mode, "token-busy"), address(words[6], words[7]));
	else if (is_hop && node == 1) {
		struct sockaddr_in *addresses = calloc((size_t)nodes, sizeof *addresses);
		for (int i = 1; i < nodes; i++)
			addresses[i - 1] = address(words[6 + 2 * i], words[7 + 2 * i]);
		send_hops(nodes - 1, addresses);
	} else if (is_hop)
		answer_hops();
	else if (node == 1)
		send_datagrams(batched, offload, address(words[6], words[5]));
	else
		receive_datagrams(batched, offload, words[6], words[4]);
	return 0;
}
