/* Opens the engine, once in a process. See engine.h. */
#define _GNU_SOURCE
#include "engine.h"
#include "../../Totem.Cpg/Native/ending.h"
#include "../../Totem.Cpg/Native/limits.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

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
	totem_ending_forget();
	pthread_mutex_init(&gate, NULL);
}

/* The runtime takes a thread in at its first call. */
static void meet(void)
{
	char text[16];

	totem_sheepdog_engine()->error(text, sizeof(text));
}

static void end(void)
{
	totem_sheepdog_engine()->end();
}

static const struct totem_ending ending = { meet, end };

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
	if (!totem_ending_prepare(&ending)) {
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
		totem_ending_arm();
	pthread_mutex_unlock(&gate);
	return engine;
}
