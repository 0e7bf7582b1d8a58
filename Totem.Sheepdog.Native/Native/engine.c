/* Opens the engine, once in a process. See engine.h. */
#define _GNU_SOURCE
#include "engine.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct totem_sheepdog_engine *) current;
static int was_opened;

const struct totem_sheepdog_engine *totem_sheepdog_engine(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

/* The managed threads are not in the child, and its handles are void. */
static void after_fork_in_child(void)
{
	atomic_store(&current, NULL);
	pthread_mutex_init(&gate, NULL);
}

/* The engine waits for 10 s at most (TotemNodeOptions.FlushTimeout); more than that says that it cannot run any more. */
#define END_SECONDS_MAX 12

static void *end(void *engine)
{
	((const struct totem_sheepdog_engine *)engine)->end();
	return NULL;
}

/* On a thread of its own: exit() may have been called where this thread cannot enter the engine, in a handler of a signal that came
 * while it was there. */
static void at_exit(void)
{
	const struct totem_sheepdog_engine *engine = totem_sheepdog_engine();
	sigset_t all, mask;
	pthread_t thread;
	struct timespec until;

	if (engine == NULL)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	if (pthread_create(&thread, NULL, end, (void *)engine) == 0) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += END_SECONDS_MAX;
		pthread_timedjoin_np(thread, NULL, &until);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static const struct totem_sheepdog_engine *open_engine(char *text, size_t room)
{
	struct totem_sheepdog_engine *engine;
	int complete = 1;
	void *library = dlopen(ENGINE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (library == NULL) {
		snprintf(text, room, "cannot open the engine: %s", dlerror());
		return NULL;
	}
	engine = calloc(1, sizeof(*engine));
	if (engine == NULL) {
		snprintf(text, room, "no memory for the engine");
		return NULL;
	}
#define FIND(name) complete &= (engine->name = dlsym(library, "totem_sheepdog_engine_" #name)) != NULL;
#define FIND_EACH(name, parameters, arguments) FIND(name)
	HANDLE_FUNCTIONS(FIND_EACH)
	FIND(open)
	FIND(dispatch)
	FIND(get_local_addr)
	FIND(close)
	FIND(error)
	FIND(end)
	if (!complete) {
		snprintf(text, room, "the engine that is installed beside this library is one of another version");
		free(engine);
		return NULL;
	}
	pthread_atfork(NULL, NULL, after_fork_in_child);
	atexit(at_exit);
	was_opened = 1;
	return engine;
}

const struct totem_sheepdog_engine *totem_sheepdog_start(char *text, size_t room)
{
	const struct totem_sheepdog_engine *engine;

	pthread_mutex_lock(&gate);
	engine = atomic_load(&current);
	if (engine == NULL && was_opened)
		snprintf(text, room, "the library was opened before this process was forked, which cannot be continued");
	else if (engine == NULL)
		engine = open_engine(text, room);
	atomic_store_explicit(&current, engine, memory_order_release);
	pthread_mutex_unlock(&gate);
	return engine;
}
