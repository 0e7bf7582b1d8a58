/* See ending.h. */
#define _GNU_SOURCE
#include "ending.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

/* For atexit(). */
#include <stdlib.h>

/* The engine waits for 10 s at most (CpgLimits.CallTimeout, TotemNodeOptions.FlushTimeout); more than that says that it
 * cannot run any more. */
#define END_SECONDS_MAX 12
#define END_STACK_BYTES (1024 * 1024)

/* The runtime stops its threads with it. */
#define RUNTIMES_SIGNAL 34

/* A fault whose signal is blocked ends the process without its handler. */
static const int let_in[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, RUNTIMES_SIGNAL };

static const struct totem_ending *used;
static int has_thread;      /* in this process */
static atomic_int is_armed; /* in this process */
static sem_t opened, wanted, reached;

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

static void *run(void *unused)
{
	(void)unused;
	await(&opened);
	used->meet();
	await(&wanted);
	used->end();
	sem_post(&reached);
	return NULL;
}

int totem_ending_prepare(const struct totem_ending *ending)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t mask;

	if (has_thread)
		return 1;
	used = ending;
	sem_init(&opened, 0, 0);
	sem_init(&wanted, 0, 0);
	sem_init(&reached, 0, 0);
	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(let_in) / sizeof(let_in[0]); i++)
		sigdelset(&mask, let_in[i]);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, END_STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setsigmask_np(&attributes, &mask);
	has_thread = pthread_create(&thread, &attributes, run, NULL) == 0;
	pthread_attr_destroy(&attributes);
	return has_thread;
}

static void at_exit(void)
{
	sigset_t all, mask;
	struct timespec until;

	if (!atomic_load(&is_armed))
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_SECONDS_MAX;
	sem_post(&wanted);
	while (sem_timedwait(&reached, &until) != 0 && errno == EINTR)
		;
	sem_post(&reached);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void totem_ending_arm(void)
{
	/* Twice: a second thread that calls exit() beside the first finds one to wait in, where it would end the process. */
	atexit(at_exit);
	atexit(at_exit);
	atomic_store(&is_armed, 1);
	sem_post(&opened);
}

void totem_ending_forget(void)
{
	has_thread = 0;
	atomic_store(&is_armed, 0);
}
