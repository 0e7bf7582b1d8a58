/* Finds and closes what a forked child must not keep. See inherited.h. */
#define _GNU_SOURCE
#include "inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define CLOSED_MAX 256         /* two listeners, what they accepted, 127 neighbours, the ring's own */
#define WITHOUT_PROC_MAX 65536 /* where /proc is not mounted, the numbers are tried one by one, so far */
#define LINE_MAX_BYTES 256

struct closed {
	int fd;
	ino_t inode;
};

struct search {
	const struct sockaddr_storage *ring;
	socklen_t length;
	pid_t owner;
	int count;
	struct closed closed[CLOSED_MAX];
};

/* The kernel's own record, which not every libc declares. */
struct directory_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Abstract names of ours: "totem/..." of the neighbour watch, "totem-cpg/..." of a host's only place. */
static int is_our_name(const struct sockaddr_un *name, socklen_t length)
{
	static const char watch[] = "\0totem/", place[] = "\0totem-cpg/";
	size_t bytes = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
	return (bytes >= sizeof(watch) - 1 && memcmp(name->sun_path, watch, sizeof(watch) - 1) == 0)
		|| (bytes >= sizeof(place) - 1 && memcmp(name->sun_path, place, sizeof(place) - 1) == 0);
}

/* Reads a number and moves behind it. */
static uint64_t number(const char **text, unsigned base)
{
	uint64_t value = 0;
	while (**text == ' ')
		(*text)++;
	for (;; (*text)++) {
		unsigned digit = **text >= '0' && **text <= '9' ? (unsigned)(**text - '0')
			: **text >= 'a' && **text <= 'f' ? (unsigned)(**text - 'a') + 10 : 16;
		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}

/* The socket of this process that shows its members: ".../member-PID-NUMBER.sock" (docs/reference/status.md). */
static int is_status_name(const struct sockaddr_un *name, socklen_t length, pid_t owner)
{
	static const char prefix[] = "member-", suffix[] = ".sock";
	char path[sizeof(name->sun_path) + 1] = "";
	size_t bytes = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
	const char *slash, *text;
	if (bytes == 0 || bytes >= sizeof(path) || name->sun_path[0] == 0)
		return 0;
	memcpy(path, name->sun_path, bytes);
	slash = strrchr(path, '/');
	text = slash == NULL ? path : slash + 1;
	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	text += sizeof(prefix) - 1;
	if (number(&text, 10) != (uint64_t)owner || *text != '-')
		return 0;
	text++;
	number(&text, 10);
	return strcmp(text, suffix) == 0;
}

static int is_of_the_ring(const struct search *search, int fd)
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name), type_length = sizeof(int);
	int type = 0;
	memset(&name, 0, sizeof(name));
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) != 0
		|| getsockname(fd, (struct sockaddr *)&name, &length) != 0)
		return 0;
	if (name.ss_family != AF_UNIX)
		return type == SOCK_DGRAM && length == search->length && memcmp(&name, search->ring, length) == 0;
	if (is_our_name((struct sockaddr_un *)&name, length)
		|| is_status_name((struct sockaddr_un *)&name, length, search->owner))
		return 1; /* the listeners, and what they accepted */
	length = sizeof(name);
	return getpeername(fd, (struct sockaddr *)&name, &length) == 0 && is_our_name((struct sockaddr_un *)&name, length);
}

static void close_if_of_the_ring(struct search *search, int fd)
{
	struct stat status;
	if (!is_of_the_ring(search, fd))
		return;
	if (search->count < CLOSED_MAX && fstat(fd, &status) == 0)
		search->closed[search->count++] = (struct closed){ fd, status.st_ino };
	close(fd);
}

/* A line of an epoll's fdinfo: "tfd: 7 events: 1 data: 0 pos:0 ino:2a sdev:8". */
static int names_a_closed_one(const struct search *search, const char *line)
{
	const char *text = line + 4, *inode_text;
	uint64_t fd, inode;
	if (strncmp(line, "tfd:", 4) != 0 || (inode_text = strstr(line, "ino:")) == NULL)
		return 0;
	inode_text += 4;
	fd = number(&text, 10);
	inode = number(&inode_text, 16);
	for (int i = 0; i < search->count; i++)
		if (fd == (uint64_t)search->closed[i].fd && inode == (uint64_t)search->closed[i].inode)
			return 1;
	return 0;
}

/* The parent's epoll still has them: closing them here took nothing out of it. */
static void close_if_it_watches_them(const struct search *search, int fd)
{
	static const char folder[] = "/proc/self/fdinfo/";
	char path[sizeof(folder) + 16], line[LINE_MAX_BYTES], buffer[1024];
	char digits[16];
	int length = 0, count = 0, watches = 0, info;
	ssize_t got;
	for (int rest = fd; rest > 0 || count == 0; rest /= 10)
		digits[count++] = (char)('0' + rest % 10);
	memcpy(path, folder, sizeof(folder) - 1);
	for (int i = 0; i < count; i++)
		path[sizeof(folder) - 1 + i] = digits[count - 1 - i];
	path[sizeof(folder) - 1 + count] = 0;
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return;
	while (!watches && (got = read(info, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < got && !watches; i++) {
			if (buffer[i] != '\n') {
				if (length < LINE_MAX_BYTES - 1)
					line[length++] = buffer[i];
				continue;
			}
			line[length] = 0;
			length = 0;
			watches = names_a_closed_one(search, line);
		}
	close(info);
	if (watches)
		close(fd);
}

static void visit(struct search *search, int fd, int is_second_walk)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return;
	if (!is_second_walk && S_ISSOCK(status.st_mode))
		close_if_of_the_ring(search, fd);
	else if (is_second_walk && (status.st_mode & S_IFMT) == 0) /* an epoll is of no type */
		close_if_it_watches_them(search, fd);
}

static void walk(struct search *search, int is_second_walk)
{
	_Alignas(uint64_t) char buffer[4096];
	struct rlimit limit = { 0, 0 };
	long got;
	int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		getrlimit(RLIMIT_NOFILE, &limit);
		for (int fd = 0; (rlim_t)fd < limit.rlim_cur && fd < WITHOUT_PROC_MAX; fd++)
			visit(search, fd, is_second_walk);
		return;
	}
	while ((got = syscall(SYS_getdents64, directory, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < got;) {
			const struct directory_entry *entry = (const struct directory_entry *)(buffer + at);
			const char *name = entry->name;
			at += entry->length;
			if (*name < '0' || *name > '9')
				continue;
			int fd = (int)number(&name, 10);
			if (fd != directory)
				visit(search, fd, is_second_walk);
		}
	close(directory);
}

void totem_cpg_close_inherited(const struct sockaddr_storage *ring, socklen_t length, pid_t owner)
{
	struct search search = { .ring = ring, .length = length, .owner = owner };
	int saved = errno;
	walk(&search, 0);
	if (search.count > 0)
		walk(&search, 1);
	errno = saved;
}
