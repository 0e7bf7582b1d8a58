/*
 * The ends that a member of a group can have. This program is in a group and starts itself again, once for each end, as
 * another member that sends and then ends so. All that the other sent arrives, then its leave, with the reason that the
 * end has.
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MESSAGES 75

static cpg_handle_t handle;
static struct cpg_name group;

/* The member that ends. */

static int is_two_of_us(void)
{
	for (int i = 0; i < event_count; i++)
		if (events[i].kind == 'c' && events[i].members >= 2)
			return 1;
	return 0;
}

static void exit_within(struct event *event)
{
	if (event->kind == 'm')
		exit(0);
}

static void exit_on_signal(int number)
{
	(void)number;
	exit(0);
}

static void *exit_there(void *unused)
{
	(void)unused;
	exit(0);
}

/* So often that the signal comes within the library. */
static void join_until_the_signal(void)
{
	struct sigaction action = { .sa_handler = exit_on_signal };
	struct itimerval soon = { { 0, 0 }, { 0, 200000 } };
	struct cpg_name other = named("others");
	cpg_handle_t another;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	for (;;)
		if (cpg_initialize(&another, &recorders) == CS_OK) {
			cpg_join(another, &other);
			cpg_finalize(another);
		}
}

static void late_calls(void)
{
	/* The calls return, whatever they answer. */
	send_bytes(handle, "late", 4);
	cpg_finalize(handle);
}

static int ends(const char *way, int size)
{
	char *message = calloc(1, (size_t)size);
	pthread_t thread;

	if (strcmp(way, "exit, calls at exit") == 0)
		atexit(late_calls);
	if (RETRY(cpg_initialize(&handle, &recorders)) != CS_OK || RETRY(cpg_join(handle, &group)) != CS_OK)
		return 1;
	while (!is_two_of_us())
		if (cpg_dispatch(handle, CS_DISPATCH_ONE) != CS_OK)
			return 2;
	for (int i = 0; i < MESSAGES; i++)
		if (RETRY(send_bytes(handle, message, (size_t)size)) != CS_OK)
			return 3;
	if (strncmp(way, "leave", 5) == 0 && cpg_leave(handle, &group) != CS_OK)
		return 4;
	if (strncmp(way, "finalize", 8) == 0 && cpg_finalize(handle) != CS_OK)
		return 5;
	if (strstr(way, "_exit") != NULL)
		_exit(0);
	if (strcmp(way, "exit in a callback") == 0) {
		on_event = exit_within;
		cpg_dispatch(handle, CS_DISPATCH_BLOCKING);
	}
	if (strcmp(way, "exit in a handler") == 0) {
		signal(SIGALRM, exit_on_signal);
		alarm(1);
		cpg_dispatch(handle, CS_DISPATCH_BLOCKING);
	}
	if (strcmp(way, "exit of another thread") == 0) {
		pthread_create(&thread, NULL, exit_there, NULL);
		cpg_dispatch(handle, CS_DISPATCH_BLOCKING);
	}
	if (strcmp(way, "exit in a handler within a join") == 0)
		join_until_the_signal();
	if (strcmp(way, "exit of two threads") == 0)
		pthread_create(&thread, NULL, exit_there, NULL);
	if (strcmp(way, "exit without threads and mappings") == 0) {
		struct rlimit none = { 1, 1 };
		setrlimit(RLIMIT_NPROC, &none);
		setrlimit(RLIMIT_AS, &none);
		if (setuid(65534) != 0)
			return 7;
	}
	if (strcmp(way, "exit of a child, then exit") == 0) {
		pid_t child = fork();
		if (child == 0)
			exit(0);
		if (waitpid(child, NULL, 0) != child)
			return 6;
	}
	exit(0);
}

/* The one who watches. */

static void check_end(char *self, const char *way, int size, int reason)
{
	char name[128], bytes[16];
	int seen = 0, wrong_size = 0, got_reason = 0, status = -1, is_over = 0;
	pid_t child;

	event_count = 0;
	snprintf(bytes, sizeof(bytes), "%d", size);
	child = fork();
	if (child == 0) {
		execl(self, self, "end", way, bytes, (char *)NULL);
		_exit(9);
	}
	for (int scanned = 0; !is_over;) {
		if (cpg_dispatch(handle, CS_DISPATCH_ONE) != CS_OK)
			break;
		for (; scanned < event_count; scanned++) {
			struct event *event = &events[scanned];
			if (event->kind == 'm' && event->pid == (uint32_t)child) {
				seen++;
				wrong_size += event->length != (size_t)size;
			} else if (event->kind == 'c' && event->left == 1 && event->left_one.pid == (uint32_t)child) {
				got_reason = (int)event->left_one.reason;
				is_over = 1;
			}
		}
		event_count = scanned = 0;
	}
	waitpid(child, &status, 0);
	snprintf(name, sizeof(name), "%s (%d): it ends well", way, size);
	CHECK(name, 0, status);
	snprintf(name, sizeof(name), "%s (%d): all its messages, then its leave", way, size);
	CHECK(name, MESSAGES, seen);
	snprintf(name, sizeof(name), "%s (%d): they are whole", way, size);
	CHECK(name, 0, wrong_size);
	snprintf(name, sizeof(name), "%s (%d): the reason", way, size);
	CHECK(name, reason, got_reason);
}

int main(int count, char **arguments)
{
	static const int sizes[] = { 10, 10000 };
	int is_ours = count > 1 && strcmp(arguments[1], "ours") == 0;

	group = named("ends");
	if (count > 3 && strcmp(arguments[1], "end") == 0)
		return ends(arguments[2], atoi(arguments[3]));
	CHECK("start", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &group)));
	for (int i = 0; i < 2; i++) {
		check_end(arguments[0], "leave, exit", sizes[i], CPG_REASON_LEAVE);
		check_end(arguments[0], "leave, _exit", sizes[i], CPG_REASON_LEAVE);
		check_end(arguments[0], "finalize, exit", sizes[i], CPG_REASON_PROCDOWN);
		check_end(arguments[0], "finalize, _exit", sizes[i], CPG_REASON_PROCDOWN);
		/* Of large messages the real daemon loses some here, with the memory that it shared with the process. */
		if (is_ours || sizes[i] == 10)
			check_end(arguments[0], "exit", sizes[i], CPG_REASON_PROCDOWN);
	}
	check_end(arguments[0], "exit in a callback", 10, CPG_REASON_PROCDOWN);
	check_end(arguments[0], "exit in a handler", 10, CPG_REASON_PROCDOWN);
	check_end(arguments[0], "exit of another thread", 10, CPG_REASON_PROCDOWN);
	check_end(arguments[0], "exit of a child, then exit", 10, CPG_REASON_PROCDOWN);
	for (int i = 0; i < 10; i++)
		check_end(arguments[0], "exit in a handler within a join", 10, CPG_REASON_PROCDOWN);
	check_end(arguments[0], "exit of two threads", 10, CPG_REASON_PROCDOWN);
	if (getuid() == 0)
		check_end(arguments[0], "exit without threads and mappings", 10, CPG_REASON_PROCDOWN);
	/* With the real library such a call sends. With ours the process has left when its own functions run. */
	if (is_ours)
		check_end(arguments[0], "exit, calls at exit", 10, CPG_REASON_PROCDOWN);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
	return done();
}
