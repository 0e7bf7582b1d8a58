/* Opens the engine, once in a process and once more in a child that was forked after that. See engine.h. */
#define _GNU_SOURCE
#include "engine.h"
#include "ending.h"
#include "inherited.h"
#include "limits.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ENGINE "libtotem_cpg.so.0"

/* The runtime stops its threads with it. */
#define RUNTIMES_SIGNAL 34

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct totem_engine *) current;
static char engine_path[4096];
static int was_opened;       /* in this process or in the one it was forked from: then a child needs a copy */
static struct sockaddr_storage ring; /* where it is bound; the child of a fork looks for it */
static int ring_length;              /* 0 while there is none */
static pid_t ring_owner;             /* the process that bound it */

const struct totem_engine *totem_cpg_engine(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

int totem_cpg_find(const struct totem_engine **found)
{
	*found = totem_cpg_engine();
	return *found == NULL ? CS_ERR_BAD_HANDLE : CS_OK;
}

static sigset_t asynchronous;           /* the signals that can wait */
static _Thread_local sigset_t programs; /* mask, while the thread is within the engine */
static _Thread_local int is_within;

void totem_cpg_enter(struct totem_call *call)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
	call->is_within = is_within;
	pthread_sigmask(SIG_BLOCK, &asynchronous, &call->mask);
	programs = call->mask;
	is_within = 1;
}

void totem_cpg_leave(const struct totem_call *call)
{
	is_within = call->is_within;
	pthread_sigmask(SIG_SETMASK, &call->mask, NULL);
	pthread_setcancelstate(call->cancel_state, NULL);
}

/* The engine calls this while a call waits. A handler may call the library, which has its own idea of the program's
 * mask then. */
static void let_signals_in(void)
{
	sigset_t within, mask = programs;

	if (!is_within)
		return;
	pthread_sigmask(SIG_SETMASK, &mask, &within);
	pthread_sigmask(SIG_SETMASK, &within, NULL);
	programs = mask;
	is_within = 1;
}

__attribute__((constructor)) static void choose_signals(void)
{
	static const int others[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, RUNTIMES_SIGNAL };
	sigset_t chosen;

	sigfillset(&chosen);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		sigdelset(&chosen, others[i]);
	asynchronous = chosen;
}

/* The managed threads are not in the child, and its handles are void. */
static void after_fork_in_child(void)
{
	atomic_store(&current, NULL);
	totem_ending_forget();
	if (ring_length > 0)
		totem_cpg_close_inherited(&ring, (socklen_t)ring_length, ring_owner);
	ring_length = 0;
	pthread_mutex_init(&gate, NULL);
}

/* A child that makes a handle gets an engine of its own: the same file under another inode, which the loader takes for
 * another library, with its own state. */
static void *open_copy(void)
{
	int from = open(engine_path, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("totem_cpg", MFD_CLOEXEC);
	struct stat status;
	void *library = NULL;
	if (from >= 0 && to >= 0 && fstat(from, &status) == 0) {
		char path[64];
		off_t left = status.st_size;
		while (left > 0) {
			ssize_t sent = sendfile(to, from, NULL, (size_t)left);
			if (sent <= 0)
				break;
			left -= sent;
		}
		snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
		if (left == 0)
			library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return library;
}

static void *open_library(void)
{
	struct link_map *map;
	void *library;
	if (was_opened)
		return open_copy();
	library = dlopen(ENGINE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (library != NULL && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0)
		snprintf(engine_path, sizeof(engine_path), "%s", map->l_name);
	return library;
}

/* To the system's log, and with TOTEM_LOG=stderr to the standard error: as the engine does, which is not there yet. */
static void complain(const char *text)
{
	struct sockaddr_un log = { AF_UNIX, "/dev/log" };
	const char *where = secure_getenv("TOTEM_LOG");
	char line[600];
	int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int length = snprintf(line, sizeof(line), "<27>totem-cpg[%d]: cannot start: %s", (int)getpid(), text);

	if (descriptor >= 0) {
		sendto(descriptor, line, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&log, sizeof(log));
		close(descriptor);
	}
	if (where != NULL && strcmp(where, "stderr") == 0)
		dprintf(2, "totem-cpg: cannot start: %s\n", text);
}

/* The runtime takes a thread in at its first call. */
static void meet(void)
{
	totem_cpg_engine()->totem_cpg_has(0, 0);
}

static void end(void)
{
	totem_cpg_engine()->totem_cpg_end();
}

static const struct totem_ending ending = { meet, end };

static const struct totem_engine *open_engine(int *result)
{
	struct totem_engine *engine;
	int complete = 1;
	char text[512];
	void *library;

	*result = totem_cpg_check_limits(text, sizeof(text));
	if (*result != CS_OK) {
		complain(text);
		return NULL;
	}
	*result = CS_ERR_LIBRARY;
	if (!totem_ending_prepare(&ending)) {
		complain("the system gives no thread");
		return NULL;
	}
	library = open_library();
	if (library == NULL) {
		snprintf(text, sizeof(text), "the engine cannot be opened: %s", dlerror());
		complain(text);
		return NULL;
	}
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		*result = CS_ERR_NO_MEMORY;
		return NULL;
	}
#define FIND(name) complete &= (engine->name = dlsym(library, #name)) != NULL;
#define FIND_EACH(name, parameters, arguments) FIND(name)
	CPG_FUNCTIONS(FIND_EACH)
	CFG_FUNCTIONS(FIND_EACH)
	START_FUNCTIONS(FIND_EACH)
	FIND(totem_cpg_prepare)
	FIND(totem_cpg_bound_address)
	FIND(totem_cpg_take)
	FIND(totem_cpg_return)
	FIND(totem_cpg_watch)
	FIND(totem_cpg_end_watch)
	FIND(totem_cpg_has)
	FIND(totem_cpg_end)
	if (!complete) {
		complain("the engine that is installed beside this library is one of another version");
		free(engine);
		return NULL;
	}
	if (!was_opened)
		pthread_atfork(NULL, NULL, after_fork_in_child);
	was_opened = 1;
	*result = CS_OK;
	return engine;
}

/* A signal that our own writing raised is not for the program: a pipe that nobody reads, a file beyond the limit of
 * the process. */
static void forget_raised(const sigset_t *pending_before)
{
	static const int ours[] = { SIGPIPE, SIGXFSZ };
	struct timespec none = { 0, 0 };
	sigset_t one;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (sigismember(pending_before, ours[i]))
			continue;
		sigemptyset(&one);
		sigaddset(&one, ours[i]);
		sigtimedwait(&one, NULL, &none);
	}
}

int totem_cpg_start(const struct totem_engine **started)
{
	sigset_t all, mask, pending;
	struct sigaction pipe;
	const struct totem_engine *engine;
	int is_new = 0, result = CS_OK, was_within = is_within;

	/* A thread that waits here has the gate: no signal is let in. */
	is_within = 0;
	/* Threads inherit the mask: none of ours shall run a handler of the program, or take a signal it waits for. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	sigpending(&pending);
	pthread_mutex_lock(&gate);
	sigaction(SIGPIPE, NULL, &pipe);
	engine = atomic_load(&current);
	if (engine == NULL) {
		engine = open_engine(&result);
		is_new = engine != NULL;
	}
	if (engine != NULL) {
		engine->totem_cpg_prepare(let_signals_in);
		ring_length = 0;
		memset(&ring, 0, sizeof(ring));
		ring_owner = getpid();
		ring_length = engine->totem_cpg_bound_address(&ring, sizeof(ring));
	}
	atomic_store_explicit(&current, engine, memory_order_release);
	/* The managed runtime ignores SIGPIPE at its start. The program's wish counts, and nothing of ours needs it. */
	sigaction(SIGPIPE, &pipe, NULL);
	if (is_new)
		totem_ending_arm();
	pthread_mutex_unlock(&gate);
	forget_raised(&pending);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	is_within = was_within;
	*started = engine;
	return result;
}
