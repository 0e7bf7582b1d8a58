/* Prints events, one a line: for people, or as JSON with the field names of `totem sheep --json`. */
#include "minisheep.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static bool is_json;
static _Thread_local int errors;

void output_as_json(void)
{
	is_json = true;
}

int errors_of_this_thread(void)
{
	return errors;
}

static void put_quoted(const char *text, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put_field(const char *name, const char *text, size_t length)
{
	printf(",\"%s\":", name);
	put_quoted(text, length);
}

/* Takes the lock; `end` gives it back. */
static void begin(const char *event)
{
	struct timeval now;
	struct tm parts;
	char at[32];

	pthread_mutex_lock(&gate);
	if (!is_json)
		return;
	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &parts);
	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &parts);
	printf("{\"event\":\"%s\",\"at\":\"%s.%06ld+00:00\"", event, at, (long)now.tv_usec);
}

static void end(void)
{
	puts(is_json ? "}" : "");
	fflush(stdout);
	pthread_mutex_unlock(&gate);
}

void print_started(void)
{
	char text[NODE_TEXT_MAX];

	node_text(&sheep.self, text);
	begin("started");
	if (is_json) {
		put_field("node", text, strlen(text));
		printf(",\"pid\":%d", (int)getpid());
	} else {
		printf("* sheep %s asks to join; " COMMANDS "; Ctrl-D or Ctrl-C leaves", text);
	}
	end();
}

static void put_members(void)
{
	for (size_t i = 0; i < sheep.nr_members; i++) {
		char text[NODE_TEXT_MAX];
		node_text(&sheep.members[i], text);
		printf(is_json ? "%s\"%s\"" : "%s%s", i == 0 ? "" : is_json ? "," : ", ", text);
	}
}

void print_epoch(const char *why, const struct sd_node *node)
{
	char text[NODE_TEXT_MAX];

	node_text(node, text);
	begin("epoch");
	if (is_json) {
		printf(",\"epoch\":%u", sys->cinfo.epoch);
		put_field("why", why, strlen(why));
		put_field("node", text, strlen(text));
		printf(",\"members\":[");
		put_members();
		printf("]");
	} else {
		printf("epoch %u [", sys->cinfo.epoch);
		put_members();
		printf("] %s %s", text, why);
	}
	end();
}

void print_notify(const struct sd_node *sender, const char *message, size_t length)
{
	char text[NODE_TEXT_MAX];

	node_text(sender, text);
	begin("notify");
	if (is_json) {
		put_field("node", text, strlen(text));
		put_field("text", message, length);
	} else {
		printf("%s: %.*s", text, (int)length, message);
	}
	end();
}

void print_done(const char *what)
{
	begin("done");
	if (is_json)
		put_field("what", what, strlen(what));
	else
		printf("* %s", what);
	end();
}

void print_failed(const char *reason)
{
	begin("failed");
	if (is_json)
		put_field("reason", reason, strlen(reason));
	else
		printf("* failed: %s", reason);
	end();
}

/* The driver's other log lines, as an event of that name. */
void stub_log(const char *level, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	begin("log");
	if (is_json) {
		put_field("level", level, strlen(level));
		put_field("text", text, strlen(text));
	} else {
		printf("* %s: %s", level, text);
	}
	end();
}

/* A log line of the driver that is an error is an event too, and stands on the standard error as in sheep's log. */
void stub_log_error(const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	errors++;
	fprintf(stderr, "minisheep: %s\n", text);
	print_failed(text);
}

void log_close(void)
{
	fflush(stdout);
}
