/* See limits.h. docs/how-to/libcpg.md, "What it needs", has the same numbers. */
#define _GNU_SOURCE
#include "limits.h"
#include "engine.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MEBIBYTE (1024UL * 1024)

/* Besides what the runtime reserves for its heap, half of the whole address space when that is limited. */
#define NEEDED_SPACE (96 * MEBIBYTE)
#define NEEDED_HEAP (32 * MEBIBYTE)
#define NEEDED_DATA (64 * MEBIBYTE)
#define NEEDED_DESCRIPTORS 32
#define NEEDED_THREADS 12
#define STACK_BYTES MEBIBYTE

/* From /proc, a number of pages; 0 when that cannot be read. */
static unsigned long used_bytes(int field)
{
	unsigned long values[7] = { 0 };
	FILE *file = fopen("/proc/self/statm", "re");
	int count = 0;

	if (file == NULL)
		return 0;
	while (count < 7 && fscanf(file, "%lu", &values[count]) == 1)
		count++;
	fclose(file);
	return values[field] * (unsigned long)sysconf(_SC_PAGESIZE);
}

static int check_address_space(char *text, size_t room)
{
	struct rlimit limit;
	unsigned long used, left;

	if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return CS_OK;
	/* Each new thread would reserve 64 MiB for its allocations until there is nothing left for the next thread's stack. */
	mallopt(M_ARENA_MAX, 1);
	used = used_bytes(0);
	left = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	if (left >= limit.rlim_cur / 2 + NEEDED_SPACE && limit.rlim_cur / 2 >= NEEDED_HEAP)
		return CS_OK;
	snprintf(text, room,
		"the address space is limited to %lu MiB (ulimit -v) and %lu MiB of it are in use; "
		"expected half of it and %lu MiB to be free",
		(unsigned long)limit.rlim_cur / MEBIBYTE, used / MEBIBYTE, NEEDED_SPACE / MEBIBYTE);
	return CS_ERR_NO_MEMORY;
}

static int check_data(char *text, size_t room)
{
	struct rlimit limit;
	unsigned long used;

	if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return CS_OK;
	used = used_bytes(5);
	if (limit.rlim_cur >= used + NEEDED_DATA)
		return CS_OK;
	snprintf(text, room,
		"data is limited to %lu MiB (ulimit -d) and %lu MiB of it are in use; expected %lu MiB to be free",
		(unsigned long)limit.rlim_cur / MEBIBYTE, used / MEBIBYTE, NEEDED_DATA / MEBIBYTE);
	return CS_ERR_NO_MEMORY;
}

static int check_descriptors(char *text, size_t room)
{
	int opened[NEEDED_DESCRIPTORS];
	int count = 0;

	while (count < NEEDED_DESCRIPTORS && (opened[count] = open("/", O_PATH | O_CLOEXEC)) >= 0)
		count++;
	for (int i = 0; i < count; i++)
		close(opened[i]);
	if (count == NEEDED_DESCRIPTORS)
		return CS_OK;
	snprintf(text, room, "%d more descriptors can be opened (ulimit -n), expected %d", count, NEEDED_DESCRIPTORS);
	return CS_ERR_LIBRARY;
}

static void *wait_there(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

static int check_threads(char *text, size_t room)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t threads[NEEDED_THREADS];
	pthread_attr_t attributes;
	int count = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_mutex_lock(&gate);
	while (count < NEEDED_THREADS && pthread_create(&threads[count], &attributes, wait_there, &gate) == 0)
		count++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
	if (count == NEEDED_THREADS)
		return CS_OK;
	snprintf(text, room, "%d more threads can be started (ulimit -u, pids.max, memory), expected %d", count,
		NEEDED_THREADS);
	return CS_ERR_LIBRARY;
}

int totem_cpg_check_limits(char *text, size_t room)
{
	int result = check_address_space(text, room);
	if (result == CS_OK)
		result = check_data(text, room);
	if (result == CS_OK)
		result = check_descriptors(text, room);
	if (result == CS_OK)
		result = check_threads(text, room);
	return result;
}
