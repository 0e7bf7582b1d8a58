/* Commands from the standard input, in the words of `totem sheep`. Its end means leave. */
#include "minisheep.h"

#include <ctype.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static char *pending;
static size_t pending_length;

static void update(uint64_t virtual_nodes)
{
	int result;

	sheep.self.nr_vnodes = (uint16_t)virtual_nodes;
	result = sheep.driver->update_node(&sheep.self);
	if (result != SD_RES_SUCCESS)
		print_failed(result == SD_RES_NO_SUPPORT ? "NotSupported" : "ClusterError");
}

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

static void obey(char *line, size_t length)
{
	char *rest;
	uint64_t number = 0;
	bool is_number;

	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	line[length] = '\0';
	while (isspace((unsigned char)*line)) {
		line++;
		length--;
	}
	rest = memchr(line, ' ', length);
	if (rest != NULL)
		*rest++ = '\0';
	else
		rest = line + length;
	is_number = parse_number(rest, &number);

	if (line[0] == '\0')
		return;
	if (strcmp(line, "notify") == 0)
		request_notify(rest, (size_t)(line + length - rest));
	else if (strcmp(line, "block") == 0)
		request_block();
	else if (strcmp(line, "unblock") == 0)
		request_unblock(rest, (size_t)(line + length - rest));
	else if (strcmp(line, "lock") == 0 && is_number)
		request_lock(number);
	else if (strcmp(line, "unlock") == 0 && is_number)
		request_unlock(number);
	else if (strcmp(line, "update") == 0 && is_number && number > 0 && number <= UINT16_MAX)
		update(number);
	else if (strcmp(line, "leave") == 0)
		sheep.driver->leave();
	else
		print_failed("not understood, expected: " COMMANDS);
}

static void on_input(int fd, int events, void *data)
{
	char buffer[65536];
	ssize_t count = read(fd, buffer, sizeof(buffer));
	char *start, *newline;

	(void)events;
	(void)data;
	if (count <= 0) {
		sheep.is_ending = true;
		return;
	}
	pending = realloc(pending, pending_length + (size_t)count + 1);
	memcpy(pending + pending_length, buffer, (size_t)count);
	pending_length += (size_t)count;
	for (start = pending;
		(newline = memchr(start, '\n', pending_length - (size_t)(start - pending))) != NULL;
		start = newline + 1)
		obey(start, (size_t)(newline - start));
	pending_length -= (size_t)(start - pending);
	memmove(pending, start, pending_length);
}

void commands_init(void)
{
	/* A file or /dev/null cannot be waited for: then it runs like a daemon, until a signal. */
	(void)register_event(STDIN_FILENO, on_input, NULL);
}
