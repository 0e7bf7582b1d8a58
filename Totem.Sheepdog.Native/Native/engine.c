/* Opens the engine, once in a process. See engine.h. */
#define _GNU_SOURCE
#include "engine.h"
#include "../../Totem.Cpg/Native/limits.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(const struct totem_sheepdog_engine *) current;
static int was_opened;
static int has_end_thread;
static sem_t engine_opened, end_wanted, end_reached; /* for that thread */

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

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

static void *end(void *unused)
{
	const struct totem_sheepdog_engine *engine;
	char text[16];

	(void)unused;
	await(&engine_opened);
	/* The runtime takes a thread in at its first call, which needs memory. */
	engine = totem_sheepdog_engine();
	engine->error(text, sizeof(text));
	await(&end_wanted);
	engine->end();
	sem_post(&end_reached);
	return NULL;
}

/* The end may come when the system gives no thread any more. */
static int start_end_thread(void)
{
	pthread_t thread;

	if (has_end_thread)
		return 1;
	sem_init(&engine_opened, 0, 0);
	sem_init(&end_wanted, 0, 0);
	sem_init(&end_reached, 0, 0);
	has_end_thread = pthread_create(&thread, NULL, end, NULL) == 0;
	if (has_end_thread)
		pthread_detach(thread);
	return has_end_thread;
}

/* On a thread of its own, which knows the engine already: exit() may have been called by a thread that cannot enter it. */
static void at_exit(void)
{
	sigset_t all, mask;
	struct timespec until;

	if (totem_sheepdog_engine() == NULL)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_SECONDS_MAX;
	sem_post(&end_wanted);
	while (sem_timedwait(&end_reached, &until) != 0 && errno == EINTR)
		;
	sem_post(&end_reached);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static const struct totem_sheepdog_engine *open_engine(char *text, size_t room, int *result)
{
	struct totem_sheepdog_engine *engine;
	int complete = 1;
	void *library;

	/* The runtime would end the process, or stand still, where it gets no memory and no thread. */
	if (totem_cpg_check_limits(text, room) != 1 /* CS_OK */) {
		*result = -ENOMEM;
		return NULL;
	}
	if (!start_end_thread()) {
		snprintf(text, room, "the system gives no thread");
		*result = -ENOMEM;
		return NULL;
	}
	library = dlopen(ENGINE, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
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
	FIND(prepare)
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
	engine->prepare();
	pthread_atfork(NULL, NULL, after_fork_in_child);
	/* Twice: a second thread that calls exit() beside the first finds one to wait in, where it would end the process. */
	atexit(at_exit);
	atexit(at_exit);
	was_opened = 1;
	return engine;
}

const struct totem_sheepdog_engine *totem_sheepdog_start(char *text, size_t room, int *result)
{
	const struct totem_sheepdog_engine *engine;
	int is_new = 0;

	*result = -ENOSYS;
	pthread_mutex_lock(&gate);
	engine = atomic_load(&current);
	if (engine == NULL && was_opened)
		snprintf(text, room, "the library was opened before this process was forked, which cannot be continued");
	else if (engine == NULL) {
		engine = open_engine(text, room, result);
		is_new = engine != NULL;
	}
	atomic_store_explicit(&current, engine, memory_order_release);
	if (is_new)
		sem_post(&engine_opened);
	pthread_mutex_unlock(&gate);
	return engine;
}
