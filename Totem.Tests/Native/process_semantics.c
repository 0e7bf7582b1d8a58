/*
 * The things that a program may expect of a library that brings threads and sockets of its own: signals, fork before
 * and after the first handle, descriptors, the end. Against the real library it holds trivially, except where the name
 * says "ours".
 */
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static volatile sig_atomic_t signalled;
static pthread_t signalled_thread;

static void on_signal(int number)
{
	(void)number;
	signalled_thread = pthread_self();
	signalled++;
}

static void signals(void)
{
	struct sigaction action, before, after, all[SIGTERM + 1];
	cpg_handle_t handle = 0;
	sigset_t mask_before, mask_after;
	int same = 1;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGPIPE, NULL, &before);
	for (int number = SIGHUP; number <= SIGTERM; number++)
		sigaction(number, NULL, &all[number]); /* whoever started us may have us ignore some */
	pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	if (failures > 0)
		exit(1); /* no daemon: nothing below would mean anything */
	pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
	for (int i = 1; i < 32; i++)
		same &= sigismember(&mask_before, i) == sigismember(&mask_after, i);
	CHECK_TRUE("the caller's signal mask is as before", same);
	sigaction(SIGPIPE, NULL, &after);
	CHECK_TRUE("SIGPIPE is as before", before.sa_handler == after.sa_handler);
	for (int number = SIGHUP; number <= SIGTERM; number++) {
		if (number == SIGUSR1 || number == SIGSEGV || number == SIGFPE || number == SIGPIPE || number == SIGKILL)
			continue;
		sigaction(number, NULL, &after);
		if (after.sa_handler != all[number].sa_handler)
			CHECK("the handler is as before for signal", 0, number);
	}
	for (int i = 0; i < 20; i++) {
		kill(getpid(), SIGUSR1);
		pause_milliseconds(2);
	}
	CHECK("signals of the process arrive", 20, signalled);
	CHECK_TRUE("in the program's own thread", pthread_equal(signalled_thread, pthread_self()));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static int child_result(int (*body)(cpg_handle_t), cpg_handle_t handle)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(body(handle));
	for (int i = 0; i < 3000; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		pause_milliseconds(10);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1000;
}

static int use_the_parents(cpg_handle_t handle)
{
	uint32_t node;
	return cpg_local_get(handle, &node);
}

static int make_its_own(cpg_handle_t handle)
{
	struct cpg_name name = named("process");
	(void)handle;
	event_count = 0;
	if (RETRY(cpg_initialize(&handle, &recorders)) != CS_OK)
		return 101;
	if (RETRY(cpg_join(handle, &name)) != CS_OK)
		return 102;
	if (await_events(handle, 1) != 1 || events[0].members != 2)
		return 103;
	if (send_bytes(handle, "child", 5) != CS_OK)
		return 104;
	if (await_events(handle, 2) != 2)
		return 105;
	return cpg_finalize(handle) == CS_OK ? 0 : 106;
}

static int nothing(cpg_handle_t handle)
{
	(void)handle;
	return 7;
}

static int leave_by_exit(cpg_handle_t handle)
{
	(void)handle;
	exit(9);
}

static void forks(int is_ours)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named("process");
	event_count = 0;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	await_events(handle, 1);
	CHECK("a child that does nothing ends", 7, child_result(nothing, handle));
	CHECK("a child that calls exit ends", 9, child_result(leave_by_exit, handle));
	if (is_ours)
		CHECK("ours: the parent's handle is none in the child", CS_ERR_BAD_HANDLE, child_result(use_the_parents, handle));
	CHECK("a child makes its own handle", 0, child_result(make_its_own, handle));
	await_events(handle, 4);
	CHECK("the child's join", 'c', events[1].kind);
	CHECK("the child's message", 5, events[2].length);
	CHECK("the child's end", 1, events[3].left);
	CHECK("the parent goes on", CS_OK, send_bytes(handle, "parent", 6));
	await_events(handle, 5);
	CHECK("the parent hears itself", 6, events[4].length);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static int open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void descriptors(void)
{
	int before = 0;
	for (int i = 0; i < 20; i++) {
		cpg_handle_t handle = 0;
		CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
		CHECK("finalize", CS_OK, cpg_finalize(handle));
		if (i == 4)
			before = open_descriptors();
	}
	CHECK("handles leave no descriptors behind", before, open_descriptors());
}

static cpg_handle_t blocked;

static void *dispatch_forever(void *result)
{
	*(cs_error_t *)result = cpg_dispatch(blocked, CS_DISPATCH_BLOCKING);
	return NULL;
}

static void threads(int is_ours)
{
	pthread_t thread;
	cs_error_t result = 0;
	if (!is_ours)
		return; /* the original never wakes up */
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&blocked, &recorders)));
	pthread_create(&thread, NULL, dispatch_forever, &result);
	pause_milliseconds(50);
	CHECK("finalize by another thread", CS_OK, cpg_finalize(blocked));
	pthread_join(thread, NULL);
	CHECK("ours: a blocked dispatch wakes up", CS_ERR_BAD_HANDLE, result);
}

/* A child that is a member of its own until the parent closes the pipe or has it killed. */
struct companion {
	pid_t pid;
	int pipe;
};

static struct companion start_companion(void (*body)(cpg_handle_t handle, int stop))
{
	struct companion companion;
	cpg_handle_t handle = 0;
	struct cpg_name name = named("companions");
	int ends[2];
	if (pipe(ends) != 0)
		exit(1);
	companion.pid = fork();
	companion.pipe = ends[1];
	if (companion.pid == 0) {
		close(ends[1]);
		if (RETRY(cpg_initialize(&handle, &recorders)) == CS_OK && RETRY(cpg_join(handle, &name)) == CS_OK)
			body(handle, ends[0]);
		_exit(0);
	}
	close(ends[0]);
	return companion;
}

static void end_companion(struct companion companion)
{
	close(companion.pipe);
	waitpid(companion.pid, NULL, 0);
}

static void wait_for_the_end(cpg_handle_t handle, int stop)
{
	(void)handle;
	while (polled(stop, 1000) == 0)
		;
}

static int is_watch_name(const struct sockaddr_un *name, socklen_t length)
{
	return name->sun_family == AF_UNIX && length > sizeof(sa_family_t) + 6 && memcmp(name->sun_path, "\0totem", 6) == 0;
}

/* Whether it is an epoll that watches something. */
static int is_watching(int fd)
{
	char path[64], text[1024] = "";
	FILE *file;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "r");
	if (file != NULL) {
		text[fread(text, 1, sizeof(text) - 1, file)] = 0;
		fclose(file);
	}
	return strstr(text, "tfd:") != NULL;
}

/* How many descriptors the neighbours of a ring member look at: the listener, connections both ways, their epoll;
 * and UDP sockets. */
static int ring_descriptors(int *connections)
{
	int found = 0;
	*connections = 0;
	for (int fd = 0; fd < 1024; fd++) {
		struct sockaddr_un local = { 0 }, peer = { 0 };
		socklen_t local_length = sizeof(local), peer_length = sizeof(peer);
		found += is_watching(fd);
		if (getsockname(fd, (struct sockaddr *)&local, &local_length) != 0)
			continue;
		found += local.sun_family == AF_INET || is_watch_name(&local, local_length);
		if (getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 && is_watch_name(&peer, peer_length)) {
			(*connections)++;
			found++;
		}
	}
	return found;
}

static int ring_descriptors_in_child(cpg_handle_t handle)
{
	int connections;
	(void)handle;
	return ring_descriptors(&connections);
}

static void inherited_descriptors(void)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named("companions");
	struct companion companion;
	int connections = 0, found = 0, program[2];
	event_count = 0;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	companion = start_companion(wait_for_the_end);
	CHECK("a neighbour joins", 2, await_events(handle, 2));
	for (int i = 0; i < 1000 && connections == 0; i++) {
		found = ring_descriptors(&connections);
		pause_milliseconds(10);
	}
	CHECK_TRUE("ours: neighbours are connected", connections > 0 && found >= 4);
	CHECK("ours: a child has nothing that neighbours look at", 0, child_result(ring_descriptors_in_child, handle));
	CHECK("a pair of sockets", 0, socketpair(AF_UNIX, SOCK_STREAM, 0, program));
	CHECK("the parent keeps its own", found, ring_descriptors(&connections));
	close(program[0]);
	close(program[1]);
	end_companion(companion);
	CHECK("the neighbour is gone", 3, await_events(handle, 3));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static void send_without_end(cpg_handle_t handle, int stop)
{
	static char bytes[1000000];
	struct iovec vector = { bytes, sizeof(bytes) };
	while (polled(stop, 0) == 0) {
		if (cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1) != CS_OK)
			pause_milliseconds(1);
		cpg_dispatch(handle, CS_DISPATCH_ALL);
	}
}

/* A program of one thread sends large messages and does not dispatch, while another fills its queue. */
static void large_messages_under_load(void)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named("companions");
	struct companion companion;
	size_t size = 4 << 20;
	struct iovec vector = { calloc(1, size), size };
	cs_error_t result = CS_OK;
	event_count = 0;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	companion = start_companion(send_without_end);
	CHECK_TRUE("load begins", await_events(handle, 3) >= 3);
	for (int i = 0; i < 200 && result == CS_OK; i++)
		result = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1);
	CHECK("ours: a large send returns, and says when the handle is full", CS_ERR_TRY_AGAIN, result);
	CHECK("dispatch", CS_OK, cpg_dispatch(handle, CS_DISPATCH_ONE));
	end_companion(companion);
	do {
		cpg_dispatch(handle, CS_DISPATCH_ALL);
		result = cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1);
	} while (result == CS_ERR_TRY_AGAIN);
	CHECK("a handle that was read may send again", CS_OK, result);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
	free(vector.iov_base);
}

static long virtual_mebibytes(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (fscanf(file, "%ld", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

static void buffers_end_with_their_handle(int is_ours)
{
	long before = virtual_mebibytes();
	for (int i = 0; i < 10; i++) {
		cpg_handle_t handle = 0;
		void *buffer = NULL;
		CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
		CHECK("a buffer", CS_OK, cpg_zcb_alloc(handle, 60 << 20, &buffer));
		CHECK("finalize", CS_OK, cpg_finalize(handle));
		CHECK("its buffers went with it", CS_ERR_BAD_HANDLE, cpg_zcb_free(handle, buffer));
	}
	if (is_ours) /* the original keeps them mapped */
		CHECK_TRUE("ours: no memory stays", virtual_mebibytes() - before < 300);
}

#define FILES 200
static int files[FILES];

static int closed_files(cpg_handle_t handle)
{
	int closed = 0;
	(void)handle;
	for (int i = 0; i < FILES; i++)
		closed += fcntl(files[i], F_GETFD) < 0;
	return closed;
}

/*
 * The ring goes on, and a child keeps what the program has opened since. For a process of its own, which says nothing,
 * because writing to stderr would take the numbers first.
 */
static int a_ring_whose_storage_went(cpg_handle_t handle)
{
	char state[4096], away[4096 + 8];
	struct cpg_name name = named("companions");
	struct companion companion;
	int fd = -1;
	event_count = failures = 0;
	unsetenv("TOTEM_LOG");
	snprintf(state, sizeof(state), "%s/failing", getenv("TOTEM_STATE"));
	snprintf(away, sizeof(away), "%s.away", state);
	setenv("TOTEM_STATE", state, 1);
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	CHECK("descriptor", CS_OK, cpg_fd_get(handle, &fd));
	await_events(handle, 1);
	CHECK("the directory of the ring sequence goes away", 0, rename(state, away));
	setenv("TOTEM_STATE", away, 1);
	companion = start_companion(wait_for_the_end);
	CHECK("ours: a member that lives goes on without its directory", 2, await_events(handle, 2));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
	end_companion(companion);
	for (int i = 0; i < FILES; i++)
		files[i] = i % 2 == 0 ? open("/dev/null", O_RDONLY) : socket(AF_INET, SOCK_DGRAM, 0);
	CHECK("ours: a child keeps what the program opened since", 0, child_result(closed_files, 0));
	for (int i = 0; i < FILES; i++)
		close(files[i]);
	return failures;
}

static int before_the_first_handle(cpg_handle_t handle)
{
	if (RETRY(cpg_initialize(&handle, &recorders)) != CS_OK)
		return 101;
	return cpg_finalize(handle) == CS_OK ? 0 : 102;
}

int main(int count, char **arguments)
{
	int is_ours = count > 1 && strcmp(arguments[1], "ours") == 0;
	CHECK("a child forked before the first handle makes its own", 0, child_result(before_the_first_handle, 0));
	signals();
	forks(is_ours);
	descriptors();
	threads(is_ours);
	buffers_end_with_their_handle(is_ours);
	if (is_ours) {
		inherited_descriptors();
		large_messages_under_load();
		CHECK("ours: a ring whose storage went", 0, child_result(a_ring_whose_storage_went, 0));
	}
	return done();
}
