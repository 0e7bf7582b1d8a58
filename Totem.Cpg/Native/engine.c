/* Opens the engine, once in a process and once more in a child that was forked after that. See engine.h. */
#define _GNU_SOURCE
#include "engine.h"
#include "inherited.h"

#include <dlfcn.h>
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
#include <time.h>
#include <unistd.h>

#define ENGINE "libtotem_cpg.so.0"

/* The engine waits for 10 s at most, CpgLimits.CallTimeout; more than that says that it cannot run any more. */
#define END_SECONDS_MAX 12

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct totem_engine *) current;
static char engine_path[4096];
static const struct totem_engine *ended; /* by the end of this process */
static int was_opened;       /* in this process or in the one it was forked from: then a child needs a copy */
static struct sockaddr_storage ring; /* where it is bound; the child of a fork looks for it */
static int ring_length;              /* 0 while there is none */

const struct totem_engine *totem_cpg_engine(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

/* The managed threads are not in the child, and its handles are void. */
static void after_fork_in_child(void)
{
	atomic_store(&current, NULL);
	if (ring_length > 0)
		totem_cpg_close_inherited(&ring, (socklen_t)ring_length);
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

static const struct totem_engine *open_engine(void)
{
	struct totem_engine *engine;
	int complete = 1;
	void *library = open_library();
	if (library == NULL) {
		/* Nothing else would say why every call fails: the installation is incomplete. */
		fprintf(stderr, "totem-cpg: cannot open the engine: %s\n", dlerror());
		return NULL;
	}
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL)
		return NULL;
#define FIND(name) complete &= (engine->name = dlsym(library, #name)) != NULL;
#define FIND_EACH(name, parameters, arguments) FIND(name)
	CPG_FUNCTIONS(FIND_EACH)
	CFG_FUNCTIONS(FIND_EACH)
	START_FUNCTIONS(FIND_EACH)
	FIND(totem_cpg_prepare)
	FIND(totem_cpg_bound_address)
	FIND(totem_cpg_take)
	FIND(totem_cpg_watch)
	FIND(totem_cpg_has)
	FIND(totem_cpg_end)
	if (!complete) {
		free(engine);
		return NULL;
	}
	if (!was_opened)
		pthread_atfork(NULL, NULL, after_fork_in_child);
	was_opened = 1;
	return engine;
}

static void *end(void *engine)
{
	((const struct totem_engine *)engine)->totem_cpg_end();
	return NULL;
}

/* On a thread of its own: exit() may have been called where this thread cannot enter the engine, in a handler of a signal that came
 * while it was there. */
static void at_exit(void)
{
	const struct totem_engine *engine = totem_cpg_engine();
	sigset_t all, mask;
	pthread_t thread;
	struct timespec until;

	if (engine == NULL || engine == ended)
		return;
	ended = engine;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	if (pthread_create(&thread, NULL, end, (void *)engine) == 0) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += END_SECONDS_MAX;
		pthread_timedjoin_np(thread, NULL, &until);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

const struct totem_engine *totem_cpg_start(void)
{
	sigset_t all, mask;
	struct sigaction pipe;
	const struct totem_engine *engine;
	int is_new = 0;

	/* Threads inherit the mask: none of ours shall run a handler of the program, or take a signal it waits for. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	pthread_mutex_lock(&gate);
	sigaction(SIGPIPE, NULL, &pipe);
	engine = atomic_load(&current);
	if (engine == NULL) {
		engine = open_engine();
		is_new = engine != NULL;
	}
	if (engine != NULL) {
		engine->totem_cpg_prepare();
		ring_length = 0;
		memset(&ring, 0, sizeof(ring));
		ring_length = engine->totem_cpg_bound_address(&ring, sizeof(ring));
	}
	atomic_store_explicit(&current, engine, memory_order_release);
	/* The managed runtime ignores SIGPIPE at its start. What the program wants counts, and nothing of ours needs it. */
	sigaction(SIGPIPE, &pipe, NULL);
	/* Behind everything that the engine registers for itself, so before it at exit. A child of a fork has the one of its parent too,
	 * which finds nothing more to do. */
	if (is_new)
		atexit(at_exit);
	pthread_mutex_unlock(&gate);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return engine;
}
