/*
 * Preloaded, it makes every flush to the disk take $SLOW_FLUSH_SECONDS, and writes a byte for each to the file
 * $SLOW_FLUSH_COUNT.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_the_disk(void)
{
	const char *seconds = getenv("SLOW_FLUSH_SECONDS"), *count = getenv("SLOW_FLUSH_COUNT");
	int file = count == NULL ? -1 : open(count, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file >= 0) {
		if (write(file, ".", 1) != 1)
			abort();
		close(file);
	}
	if (seconds != NULL)
		sleep((unsigned)atoi(seconds));
}

int fsync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	wait_for_the_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
