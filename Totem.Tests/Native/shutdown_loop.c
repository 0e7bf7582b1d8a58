/*
 * Sheep's event loop around sheep/totem.c, as far as it can hang when a cluster is shut down, and nothing else of
 * sheep:
 *   - a callback that takes a descriptor out of the loop sends it back to wait at once, past the rest of its batch and
 *     past the condition of the main loop;
 *   - the notification of the shutdown takes out the listening socket;
 *   - the sheep that was asked answers from a worker thread, whose end comes before other events of its batch, and
 *     takes its client's connection out when that is closed.
 *
 * usage: shutdown_loop DRIVER-OPTION NODES ROUNDS [KIND] [untimed]
 *   KIND     asked, late or any (a round each in turn; the default); see below
 *   untimed  as if totem.c armed no timer
 * Each round starts NODES processes, shuts their cluster down, and waits for their end. Prints "ROUNDS rounds, N hang".
 */
#include "minisheep.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODES_MAX 14
#define FDS_MAX 256
#define HANG_LIMIT_MS 60000
/* Where a hang is expected: an end takes a few milliseconds. */
#define EXPECTED_HANG_MS 3000
/* For the others' leaves to arrive before the late one looks. Too short makes a round easier, never wrong. */
#define LATE_MICROSECONDS 50000

enum kind {
	ASKED,	/* the one that was asked finds its answer sent and its client gone in one batch */
	LATE,	/* the last one does not look at its events before all others have ended */
	PLAIN,	/* as it comes */
	KINDS,
};

struct registration {
	event_handler_t handler;
	void *data;
	bool is_first; /* of a batch: sheep's priority */
};

static struct system_info known = { .cinfo = { .status = SD_STATUS_WAIT } };
struct system_info *sys = &known;

static struct cluster_driver *driver;
static struct sd_node self = { .nid = { .addr = { [12] = 127, [15] = 1 } }, .nr_vnodes = 128 };
static size_t expected;
static enum kind kind;
static bool is_timed = true;
static bool is_late;
static int epoll_fd, listening_fd, ready_fd, others_fd, client_fd, answered_fd;
static int outstanding;
static bool needs_refresh;
static struct registration registrations[FDS_MAX];

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	return is_timed ? (int)syscall(SYS_timerfd_settime, fd, flags, new, old) : 0;
}

void stub_register(struct cluster_driver *registered)
{
	driver = registered;
}

void stub_log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void stub_log(const char *level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void log_close(void)
{
}

static void __attribute__((noreturn)) end(const char *what)
{
	stub_log_error("shutdown_loop: %s: %s", what, strerror(errno));
	exit(3);
}

static int checked(const char *what, int result)
{
	if (result < 0)
		end(what);
	return result;
}

/* Until the other side has closed it. */
static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

/* ---- the loop ---- */

static int add_event(int fd, event_handler_t handler, void *data, bool is_first)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd >= FDS_MAX)
		return -1;
	registrations[fd] = (struct registration){ handler, data, is_first };
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int register_event(int fd, event_handler_t handler, void *data)
{
	return add_event(fd, handler, data, false);
}

static void unregister_event(int fd)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	needs_refresh = true;
}

static int compare_events(const void *a, const void *b)
{
	const struct epoll_event *left = a, *right = b;

	return registrations[right->data.fd].is_first - registrations[left->data.fd].is_first;
}

static void event_loop(void)
{
	struct epoll_event events[16];
	int count;

refresh:
	needs_refresh = false;
	if (is_late) {
		wait_for_end(others_fd);
		usleep(LATE_MICROSECONDS);
	}
	count = epoll_wait(epoll_fd, events, 16, -1);
	if (count < 0 && errno == EINTR)
		return;
	checked("epoll_wait", count);
	qsort(events, (size_t)count, sizeof(events[0]), compare_events);
	for (int i = 0; i < count; i++) {
		const struct registration *registration = &registrations[events[i].data.fd];
		registration->handler(events[i].data.fd, (int)events[i].events, registration->data);
		if (needs_refresh)
			goto refresh;
	}
}

/* ---- the request to shut down ---- */

static void on_client(int fd, int events, void *data)
{
	char byte;

	(void)events;
	(void)data;
	if (read(fd, &byte, 1) == 1) {
		outstanding++;
		if (driver->notify(&byte, 1) != SD_RES_SUCCESS)
			end("notify");
		return;
	}
	unregister_event(fd);
	close(fd);
}

static void on_connection(int fd, int events, void *data)
{
	(void)events;
	(void)data;
	client_fd = checked("accept", accept(fd, NULL, NULL));
	register_event(client_fd, on_client, NULL);
}

static void *answer(void *data)
{
	struct pollfd closed = { .fd = client_fd, .events = POLLRDHUP };
	uint64_t one = 1;

	(void)data;
	checked("answer", (int)write(client_fd, "", 1));
	if (kind == ASKED)
		poll(&closed, 1, -1);
	checked("answered", (int)write(answered_fd, &one, sizeof(one)));
	return NULL;
}

static void on_answered(int fd, int events, void *data)
{
	uint64_t count;

	(void)events;
	(void)data;
	checked("answered", (int)read(fd, &count, sizeof(count)));
	outstanding--;
}

/* ---- what the driver calls ---- */

bool sd_join_handler(const struct sd_node *joining, const struct rb_root *nroot, size_t nr_nodes, void *opaque)
{
	(void)nroot;
	(void)opaque;
	return nr_nodes == 0 || !is_same_node(joining, &self);
}

void sd_accept_handler(const struct sd_node *joined, const struct rb_root *nroot, size_t nr_nodes, const void *opaque)
{
	(void)joined;
	(void)nroot;
	(void)opaque;
	sys->cinfo.status = SD_STATUS_OK;
	if (nr_nodes != expected)
		return;
	is_late = kind == LATE && expected > 1 && self.nid.port == expected;
	checked("ready", (int)write(ready_fd, "", 1));
}

void sd_leave_handler(const struct sd_node *left, const struct rb_root *nroot, size_t nr_nodes)
{
	(void)left;
	(void)nroot;
	(void)nr_nodes;
}

void sd_notify_handler(const struct sd_node *sender, void *msg, size_t msg_len)
{
	pthread_t worker;

	(void)msg;
	(void)msg_len;
	sys->cinfo.status = SD_STATUS_SHUTDOWN;
	is_late = false;
	unregister_event(listening_fd);
	if (!is_same_node(sender, &self))
		return;
	pthread_create(&worker, NULL, answer, NULL);
	/* Sheep's main thread is busy with something else meanwhile. */
	if (kind == ASKED)
		pthread_join(worker, NULL);
}

bool sd_block_handler(const struct sd_node *sender)
{
	(void)sender;
	return false;
}

int sd_reconnect_handler(void)
{
	errno = ENOTCONN;
	end("the session was lost");
}

void sd_update_node_handler(struct sd_node *node)
{
	(void)node;
}

static int run_sheep(const char *option)
{
	epoll_fd = checked("epoll_create1", epoll_create1(EPOLL_CLOEXEC));
	register_event(listening_fd, on_connection, NULL);
	answered_fd = checked("eventfd", eventfd(0, EFD_CLOEXEC));
	add_event(answered_fd, on_answered, NULL, true);
	if (driver->init(option) != 0)
		return 1;
	if (driver->join(&self, &sys->cinfo, sizeof(sys->cinfo)) != 0)
		return 1;
	while (outstanding != 0 || (sys->cinfo.status != SD_STATUS_KILLED && sys->cinfo.status != SD_STATUS_SHUTDOWN))
		event_loop();
	driver->leave();
	return 0;
}

/* ---- the rounds ---- */

struct member {
	pid_t pid;
	int listening;
	struct sockaddr_un address;
	socklen_t address_length;
};

static void listen_for(struct member *member)
{
	sa_family_t family = AF_UNIX;

	member->address_length = sizeof(member->address);
	member->listening = checked("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	/* The kernel finds a name. */
	checked("bind", bind(member->listening, (struct sockaddr *)&family, sizeof(family)));
	checked("listen", listen(member->listening, 1));
	checked("getsockname", getsockname(member->listening, (struct sockaddr *)&member->address, &member->address_length));
}

static void start(struct member *members, size_t index, const char *option, const int ready[2], const int others[2])
{
	members[index].pid = checked("fork", fork());
	if (members[index].pid != 0)
		return;
	self.nid.port = (uint16_t)(index + 1);
	listening_fd = members[index].listening;
	ready_fd = ready[1];
	others_fd = others[0];
	close(ready[0]);
	/* The last one hears by it when all others have ended. */
	if (index + 1 == expected)
		close(others[1]);
	exit(run_sheep(option));
}

/* The steps of `dog cluster shutdown`: it asks one of them, and reads the answer. Returns the connection. */
static int shut_down(const struct member *asked)
{
	int fd = checked("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	char byte;

	checked("connect", connect(fd, (const struct sockaddr *)&asked->address, asked->address_length));
	checked("ask", (int)write(fd, "s", 1));
	checked("answer", (int)read(fd, &byte, 1));
	return fd;
}

static bool round_ends(int number, const char *option)
{
	struct member members[NODES_MAX];
	/* Not the one that looks when all others have ended. */
	size_t askable = kind == LATE && expected > 1 ? expected - 1 : expected;
	int client, ready[2], others[2], limit = is_timed || kind != ASKED ? HANG_LIMIT_MS : EXPECTED_HANG_MS;
	struct pollfd ended;
	bool have_ended;
	char byte;

	checked("pipe", pipe(ready));
	checked("pipe", pipe(others));
	for (size_t i = 0; i < expected; i++)
		listen_for(&members[i]);
	for (size_t i = 0; i < expected; i++)
		start(members, i, option, ready, others);
	close(ready[1]);
	close(others[0]);
	close(others[1]);
	for (size_t i = 0; i < expected; i++) {
		close(members[i].listening);
		if (read(ready[0], &byte, 1) != 1)
			end("a sheep ended before all were in");
	}
	client = shut_down(&members[(size_t)number % askable]);
	/* A connection that stays cannot be what keeps the one that was asked. */
	if (kind != LATE)
		close(client);
	ended = (struct pollfd){ .fd = ready[0] };
	have_ended = poll(&ended, 1, limit) == 1;
	for (size_t i = 0; i < expected; i++) {
		int status;
		if (!have_ended)
			kill(members[i].pid, SIGKILL);
		waitpid(members[i].pid, &status, 0);
		if (have_ended && status != 0)
			end("a sheep ended by an error");
	}
	if (kind == LATE)
		close(client);
	close(ready[0]);
	return have_ended;
}

int main(int count, char **arguments)
{
	static const char *const kinds[] = { "asked", "late", "plain", "any" };
	const char *chosen = count > 4 ? arguments[4] : kinds[KINDS];
	int rounds, hung = 0;

	expected = count > 3 ? (size_t)atoi(arguments[2]) : 0;
	is_timed = count < 6 || strcmp(arguments[5], "untimed") != 0;
	if (expected < 1 || expected > NODES_MAX) {
		fprintf(stderr, "usage: shutdown_loop DRIVER-OPTION NODES ROUNDS [asked|late|plain|any] [untimed]\n");
		return 2;
	}
	rounds = atoi(arguments[3]);
	for (int number = 0; number < rounds; number++) {
		for (kind = 0; kind < KINDS && strcmp(kinds[kind], chosen) != 0; kind++)
			;
		if (kind == KINDS)
			kind = (enum kind)(number % KINDS);
		if (round_ends(number, arguments[1]))
			continue;
		hung++;
		printf("round %d (%s) hangs\n", number, kinds[kind]);
	}
	printf("%d rounds, %d hang\n", rounds, hung);
	return 0;
}
