/* Options, start-up in sheep's order, the loop, and the end. */
#include "minisheep.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LEAVE_LIMIT_MS 2000

struct sheep sheep;

static struct system_info known;
struct system_info *sys = &known;

static struct list_node *drivers;

void stub_register(struct cluster_driver *driver)
{
	driver->list.next = drivers;
	drivers = &driver->list;
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: minisheep [-c DRIVER[:OPTION]] [-p PORT] [-y ADDRESS] [--ctime SECONDS] [--json]\n"
		COMMANDS "\n");
	exit(2);
}

/* The text up to the first colon must be a driver's name; what is behind it is the driver's affair. */
static void choose_driver(const char *text)
{
	size_t length = strcspn(text, ":");

	for (struct list_node *node = drivers; node != NULL; node = node->next) {
		struct cluster_driver *driver = (struct cluster_driver *)((char *)node - offsetof(struct cluster_driver, list));
		if (strlen(driver->name) == length && strncmp(driver->name, text, length) == 0)
			sheep.driver = driver;
	}
	if (sheep.driver == NULL) {
		fprintf(stderr, "Invalid cluster driver '%s', expected totem\n", text);
		exit(1);
	}
	sheep.option = text[length] == ':' ? text + length + 1 : NULL;
}

static void take_address(const char *text)
{
	if (inet_pton(AF_INET, text, sheep.self.nid.addr + 12) != 1 && inet_pton(AF_INET6, text, sheep.self.nid.addr) != 1)
		usage();
}

static void on_crash(int number)
{
	static const char said[] = "minisheep: the crash handler ran\n";

	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int fd, int events, void *data)
{
	struct signalfd_siginfo info;

	(void)events;
	(void)data;
	(void)!read(fd, &info, sizeof(info));
	sheep.is_ending = true;
}

static void handle_signals(void)
{
	static const int crashes[] = { SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGQUIT };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		signal(crashes[i], on_crash);
}

static void wait_for_stop_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	register_event(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC), on_stop, NULL);
}

static bool is_ending(void)
{
	return sheep.is_ending;
}

static bool has_left(void)
{
	return sheep.has_left;
}

int main(int count, char **arguments)
{
	static const struct option options[] = {
		{ "cluster", required_argument, NULL, 'c' }, { "port", required_argument, NULL, 'p' },
		{ "myaddr", required_argument, NULL, 'y' }, { "ctime", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	const char *driver = "totem";
	bool has_address = false;
	int port = 0;

	for (int option; (option = getopt_long(count, arguments, "c:p:y:", options, NULL)) != -1;) {
		switch (option) {
		case 'c':
			driver = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			if (port < 1 || port > UINT16_MAX)
				usage();
			break;
		case 'y':
			take_address(optarg);
			has_address = true;
			break;
		case 't':
			/* As if the disk had an epoch of a cluster that was created then. */
			sys->cinfo.ctime = strtoull(optarg, NULL, 10);
			sys->cinfo.epoch = 1;
			break;
		case 'j':
			output_as_json();
			break;
		default:
			usage();
		}
	}
	if (optind < count)
		usage();

	/* Section 1 of the contract: this is what a driver's init finds. */
	handle_signals();
	choose_driver(driver);
	loop_init();
	sheep.self.nid.port = (uint16_t)status_listen(port);
	sheep.self.nr_vnodes = 128;
	wait_for_stop_signals();
	if (sheep.driver->init(sheep.option) < 0)
		return 1;
	if (!has_address && sheep.driver->get_local_addr(sheep.self.nid.addr) < 0)
		return 1;
	if (join_cluster() != 0)
		return 1;
	print_started();
	commands_init();
	loop_until(is_ending, -1);

	/* As sheep before it exits: the others hear of it in order, if there is a session to say it in. */
	sheep.driver->leave();
	loop_until(has_left, LEAVE_LIMIT_MS);
	return 0;
}
