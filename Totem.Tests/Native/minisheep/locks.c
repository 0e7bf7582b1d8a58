/* Locks as sheep's HTTP and NFS code takes them: by worker threads, which wait, and give them back themselves. */
#include "minisheep.h"

#include <inttypes.h>
#include <pthread.h>

struct locker {
	struct locker *next;
	uint64_t id;
	bool is_held;
	bool is_wanted_back;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct locker *lockers;

static void take_out(struct locker *locker)
{
	struct locker **place = &lockers;

	while (*place != locker)
		place = &(*place)->next;
	*place = locker->next;
}

static void *lock_and_wait(void *data)
{
	struct locker *locker = data;
	char what[60];
	int errors;

	sheep.driver->lock(locker->id);
	snprintf(what, sizeof(what), "lock %" PRIu64, locker->id);
	pthread_mutex_lock(&gate);
	locker->is_held = true;
	pthread_mutex_unlock(&gate);
	print_done(what);

	pthread_mutex_lock(&gate);
	while (!locker->is_wanted_back)
		pthread_cond_wait(&changed, &gate);
	take_out(locker);
	pthread_mutex_unlock(&gate);

	errors = errors_of_this_thread();
	sheep.driver->unlock(locker->id);
	if (errors == errors_of_this_thread()) {
		snprintf(what, sizeof(what), "unlock %" PRIu64, locker->id);
		print_done(what);
	} else {
		/* The driver has logged that it was lost; `totem sheep` says it so. */
		snprintf(what, sizeof(what), "lock %" PRIu64 " is not held", locker->id);
		print_failed(what);
	}
	free(locker);
	return NULL;
}

void request_lock(uint64_t id)
{
	struct locker *locker = calloc(1, sizeof(*locker));
	pthread_t thread;

	locker->id = id;
	pthread_mutex_lock(&gate);
	locker->next = lockers;
	lockers = locker;
	pthread_mutex_unlock(&gate);
	if (pthread_create(&thread, NULL, lock_and_wait, locker) == 0)
		pthread_detach(thread);
}

void request_unlock(uint64_t id)
{
	struct locker *locker;

	pthread_mutex_lock(&gate);
	for (locker = lockers; locker != NULL; locker = locker->next) {
		if (locker->id == id && locker->is_held && !locker->is_wanted_back)
			break;
	}
	if (locker != NULL)
		locker->is_wanted_back = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&gate);
	if (locker == NULL) {
		char reason[60];
		snprintf(reason, sizeof(reason), "lock %" PRIu64 " is not held", id);
		print_failed(reason);
	}
}
