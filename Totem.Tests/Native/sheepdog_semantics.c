/*
 * The promises of totem_sheepdog.h to a program, one line an assertion: "ok NAME" or "not ok NAME expected X got Y",
 * and a last line "done". usage: sheepdog_semantics semantics|ends|limits|crash|crash-in-callback|exit-in-callback
 * DRIVER[:OPTION]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <totem_sheepdog.h>
#include <unistd.h>

#define LIMIT_MS 60000
#define IDENTITY 2
#define OPAQUE 491568

struct node {
	char identity[IDENTITY];
	char value;
};

/* The events that one handle was told: a letter an event, and what came with the last. */
struct told {
	char letters[256];
	char message[64];
	size_t message_length, count, opaque_length;
	char node, value, opaque_first, opaque_last;
	int block_answer;
	void (*in_notify)(void);
};

static int failures;
static totem_sheepdog_handle handle;
static volatile sig_atomic_t signalled;
static pthread_t signalled_thread;
static int is_in_operation;

static void check_number(const char *name, long long expected, long long got)
{
	if (expected == got) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s expected %lld got %lld (%s)\n", name, expected, got, totem_sheepdog_error());
		failures++;
	}
	fflush(stdout);
}

#define CHECK(name, expected, got) check_number(name, (long long)(expected), (long long)(got))
#define CHECK_TRUE(name, condition) check_number(name, 1, (condition) ? 1 : 0)
#define OPERATION(call) ({ int result_; is_in_operation = 1; result_ = (call); is_in_operation = 0; result_; })

static void say(void *user, char letter, const struct totem_sheepdog_node *node)
{
	struct told *told = user;
	size_t length = strlen(told->letters);

	if (is_in_operation)
		CHECK_TRUE("no callback within an operation", 0);
	if (length + 1 < sizeof(told->letters))
		told->letters[length] = letter;
	if (node != NULL) {
		told->node = ((const char *)node->bytes)[0];
		told->value = node->length > IDENTITY ? ((const char *)node->bytes)[IDENTITY] : 0;
		if ((uintptr_t)node->bytes % 8 != 0)
			CHECK_TRUE("nodes are aligned", 0);
	}
}

static int on_join(void *user, const struct totem_sheepdog_node *joining, const struct totem_sheepdog_node *members,
	size_t count, void *opaque, size_t length)
{
	struct told *told = user;
	(void)members;
	say(user, 'j', joining);
	told->count = count;
	told->opaque_length = length;
	((char *)opaque)[length - 1] = 'z';
	return 1;
}

static void on_accept(void *user, const struct totem_sheepdog_node *joined, const struct totem_sheepdog_node *members,
	size_t count, const void *opaque, size_t length)
{
	struct told *told = user;
	(void)members;
	say(user, 'a', joined);
	told->count = count;
	told->opaque_length = length;
	told->opaque_first = *(const char *)opaque;
	told->opaque_last = ((const char *)opaque)[length - 1];
}

static void on_leave(void *user, const struct totem_sheepdog_node *left, const struct totem_sheepdog_node *members,
	size_t count)
{
	struct told *told = user;
	(void)members;
	say(user, 'l', left);
	told->count = count;
}

static void on_notify(void *user, const struct totem_sheepdog_node *sender, void *message, size_t length)
{
	struct told *told = user;
	say(user, 'n', sender);
	if ((uintptr_t)message % 8 != 0)
		CHECK_TRUE("messages are aligned", 0);
	told->message_length = length;
	memset(told->message, 0, sizeof(told->message));
	memcpy(told->message, message, length < sizeof(told->message) - 1 ? length : sizeof(told->message) - 1);
	memset(message, 0xee, length);
	if (told->in_notify != NULL)
		told->in_notify();
}

static int on_block(void *user, const struct totem_sheepdog_node *self)
{
	struct told *told = user;
	say(user, told->block_answer ? 'b' : 'o', self);
	return told->block_answer;
}

static void on_update_node(void *user, const struct totem_sheepdog_node *node)
{
	say(user, 'u', node);
}

static int on_reconnect(void *user)
{
	say(user, 'r', NULL);
	return 1;
}

static void on_failed(void *user, const char *reason)
{
	say(user, 'f', NULL);
	printf("# failed: %s\n", reason);
}

static const struct totem_sheepdog_callbacks callbacks = {
	/* As a program that was built before there was a log. */
	offsetof(struct totem_sheepdog_callbacks, log), on_join, on_accept, on_leave, on_notify, on_block, on_update_node,
		on_reconnect, on_failed, NULL,
};

static struct told told;

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int polled(int fd, int milliseconds)
{
	struct pollfd pollfd = { fd, POLLIN, 0 };
	int count = poll(&pollfd, 1, milliseconds);
	return count == 1 ? pollfd.revents : 0;
}

/* Dispatches until so many events have come. */
static void await(const char *name, totem_sheepdog_handle of, struct told *by, const char *letters)
{
	long end = now_ms() + LIMIT_MS;
	while (strlen(by->letters) < strlen(letters) && now_ms() < end) {
		if (polled(totem_sheepdog_fd(of), (int)(end - now_ms())) == POLLIN)
			totem_sheepdog_dispatch(of);
	}
	if (strcmp(letters, by->letters) != 0)
		printf("# expected %s, told %s\n", letters, by->letters);
	CHECK_TRUE(name, strcmp(letters, by->letters) == 0);
}

static int each_function(totem_sheepdog_handle of)
{
	struct node node = { "x", 0 };
	uint8_t address[16];
	int same = totem_sheepdog_fd(of);
	int results[] = {
		totem_sheepdog_reopen(of), totem_sheepdog_dispatch(of), totem_sheepdog_get_local_addr(of, address),
		totem_sheepdog_join(of, &node, sizeof(node), "", 0), totem_sheepdog_leave(of), totem_sheepdog_notify(of, "", 0),
		totem_sheepdog_block(of), totem_sheepdog_unblock(of, "", 0), totem_sheepdog_update_node(of, &node, sizeof(node)),
		totem_sheepdog_lock(of, 1), totem_sheepdog_unlock(of, 1), totem_sheepdog_close(of),
	};
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		same = results[i] == same ? same : 1;
	return same;
}

static int count_threads(int (*fits)(const char *status))
{
	DIR *directory = opendir("/proc/self/task");
	int count = 0;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		char path[300], status[4096];
		int fd;
		ssize_t length;
		if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		fd = open(path, O_RDONLY);
		length = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
		if (length > 0) {
			status[length] = '\0';
			count += fits == NULL || fits(status);
		}
		if (fd >= 0)
			close(fd);
	}
	closedir(directory);
	return count;
}

/* All but the faults and the runtime's own signal; SIGKILL and SIGSTOP cannot be blocked. */
static int blocks_what_it_should(const char *status)
{
	static const int open_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGKILL, SIGSTOP };
	const char *line = strstr(status, "SigBlk:");
	unsigned long long blocked = line == NULL ? 0 : strtoull(line + 7, NULL, 16);
	for (int number = 1; number < 32; number++) {
		int is_open = 0;
		for (size_t i = 0; i < sizeof(open_signals) / sizeof(open_signals[0]); i++)
			is_open |= open_signals[i] == number;
		if (((blocked >> (number - 1)) & 1) != (is_open ? 0 : 1)) {
			printf("# signal %d is %s in a thread: %.40s\n", number, is_open ? "blocked" : "not blocked", status);
			return 0;
		}
	}
	return 1;
}

/* The C library blocks everything for a moment in a thread that begins or ends, or that makes another. */
static int every_thread_blocks_what_it_should(void)
{
	for (int tries = 0; tries < 500; tries++) {
		int threads = count_threads(NULL);
		if (threads > 2 && count_threads(blocks_what_it_should) == threads)
			return 1;
		poll(NULL, 0, 10);
	}
	return 0;
}

static void wrong_arguments(const char *driver)
{
	struct totem_sheepdog_callbacks incomplete = callbacks;
	totem_sheepdog_handle none = 77;
	char *long_text = calloc(1, 10000);

	CHECK("functions without a handle", -EBADF, each_function(0));
	CHECK("functions on a handle that is made up", -EBADF, each_function(0x123456789abcdefULL));
	CHECK("nothing has been started", 0, count_threads(NULL));
	CHECK("open without callbacks", -EINVAL, totem_sheepdog_open(driver, IDENTITY, NULL, NULL, &none));
	CHECK("open without a place for the handle", -EINVAL, totem_sheepdog_open(driver, IDENTITY, &callbacks, NULL, NULL));
	incomplete.leave = NULL;
	CHECK("open with a callback missing", -EINVAL, totem_sheepdog_open(driver, IDENTITY, &incomplete, NULL, &none));
	incomplete = callbacks;
	incomplete.size = 8;
	CHECK("open with callbacks that are too short", -EINVAL,
		totem_sheepdog_open(driver, IDENTITY, &incomplete, NULL, &none));
	CHECK("open without an identity", -EINVAL, totem_sheepdog_open(driver, 0, &callbacks, NULL, &none));
	CHECK("open with too long an identity", -EINVAL, totem_sheepdog_open(driver, 5000, &callbacks, NULL, &none));
	CHECK("open an unknown driver", -EINVAL, totem_sheepdog_open("shepherd:host", IDENTITY, &callbacks, NULL, &none));
	CHECK_TRUE("the text says which there are", strstr(totem_sheepdog_error(), "expected one of totem") != NULL);
	CHECK("open with a wrong option", -EINVAL, totem_sheepdog_open("totem:speed=9", IDENTITY, &callbacks, NULL, &none));
	CHECK_TRUE("the text says the syntax", strstr(totem_sheepdog_error(), "expected KEY=VALUE") != NULL);
	memset(long_text, 'x', 9999);
	CHECK("open with too long a text", -EINVAL, totem_sheepdog_open(long_text, IDENTITY, &callbacks, NULL, &none));
	CHECK("the handle is as before", 77, none);
	CHECK("open with a configuration that is not there", -EINVAL,
	      totem_sheepdog_open("totem:config=/nowhere/corosync.conf", IDENTITY, &callbacks, NULL, &none));
	CHECK("open what cannot be started", -EIO,
	      totem_sheepdog_open("totem:state=/proc/nowhere", IDENTITY, &callbacks, NULL, &none));
	free(long_text);
}

static void on_signal(int number)
{
	(void)number;
	signalled_thread = pthread_self();
	signalled++;
}

static struct sigaction handlers_before[SIGTERM + 1];

static void handlers_are_as_before(const char *name)
{
	struct sigaction after;
	int changed = 0;

	for (int number = SIGHUP; number <= SIGTERM; number++) {
		sigaction(number, NULL, &after);
		if (number != SIGSEGV && number != SIGFPE && after.sa_handler != handlers_before[number].sa_handler)
			changed = number;
	}
	CHECK(name, 0, changed);
}

static void open_keeps_signals(const char *driver)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t mask_before, mask_after, term;
	int same = 1, stop_fd;

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_DFL); /* whoever started us may have us ignore it, as the runtime would */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	stop_fd = signalfd(-1, &term, SFD_CLOEXEC);
	for (int number = SIGHUP; number <= SIGTERM; number++)
		sigaction(number, NULL, &handlers_before[number]);
	pthread_sigmask(SIG_SETMASK, NULL, &mask_before);

	CHECK("open", 0, totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle));

	pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
	for (int number = 1; number < 32; number++)
		same &= sigismember(&mask_before, number) == sigismember(&mask_after, number);
	CHECK_TRUE("the caller's signal mask is as before", same);
	handlers_are_as_before("every handler is as before");
	for (int i = 0; i < 20; i++) {
		kill(getpid(), SIGUSR1);
		poll(NULL, 0, 2);
	}
	CHECK("signals of the process arrive", 20, signalled);
	CHECK_TRUE("in the program's own thread", pthread_equal(signalled_thread, pthread_self()));
	kill(getpid(), SIGTERM);
	CHECK("SIGTERM reaches the signalfd", POLLIN, polled(stop_fd, LIMIT_MS));
	close(stop_fd);
}

static void joining(void)
{
	struct node node = { "A", 5 };
	uint8_t address[16];
	char *opaque = calloc(1, OPAQUE);
	int fd = totem_sheepdog_fd(handle);

	opaque[0] = 'o';
	CHECK_TRUE("there is a descriptor", fd >= 0);
	CHECK("nothing to dispatch", 0, polled(fd, 0));
	CHECK("dispatch of nothing", 0, totem_sheepdog_dispatch(handle));
	CHECK("the local address", 0, totem_sheepdog_get_local_addr(handle, address));
	CHECK_TRUE("is the loopback's", address[0] == 0 && address[12] == 127 && address[15] == 1);
	CHECK("the local address to nowhere", -EINVAL, totem_sheepdog_get_local_addr(handle, NULL));
	CHECK("notify before join", -ENOTCONN, totem_sheepdog_notify(handle, "x", 1));
	CHECK("join as nobody", -EINVAL, totem_sheepdog_join(handle, NULL, 3, opaque, OPAQUE));
	CHECK("join as less than an identity", -EINVAL, totem_sheepdog_join(handle, &node, 1, opaque, OPAQUE));
	CHECK("join as too much", -EINVAL, totem_sheepdog_join(handle, opaque, 4097, opaque, OPAQUE));
	CHECK("join with no opaque that is long", -EINVAL, totem_sheepdog_join(handle, &node, sizeof(node), NULL, 9));
	CHECK("join with too long an opaque", -EINVAL, totem_sheepdog_join(handle, &node, sizeof(node), opaque, 5000000));
	CHECK("join", 0, OPERATION(totem_sheepdog_join(handle, &node, sizeof(node), opaque, OPAQUE)));
	memset(opaque, 0xee, OPAQUE);
	free(opaque);
	await("the first accepts itself", handle, &told, "ja");
	CHECK("who joined", 'A', told.node);
	CHECK("with its value", 5, told.value);
	CHECK("members", 1, told.count);
	CHECK("the opaque's length", OPAQUE, told.opaque_length);
	CHECK("the opaque's first byte", 'o', told.opaque_first);
	CHECK("what the join handler wrote", 'z', told.opaque_last);
	CHECK("again nothing to dispatch", 0, polled(fd, 0));
}

static void from_within_a_callback(void)
{
	sigset_t mask;

	told.in_notify = NULL;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	CHECK_TRUE("the callback has the application's mask", !sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGTERM));
	CHECK("dispatch in a callback", -EBUSY, totem_sheepdog_dispatch(handle));
	CHECK("close in a callback", -EBUSY, totem_sheepdog_close(handle));
	CHECK("lock in a callback", -EDEADLK, totem_sheepdog_lock(handle, 1));
	CHECK("notify in a callback", 0, OPERATION(totem_sheepdog_notify(handle, "inner", 5)));
}

static void one_a_call(void)
{
	memset(&told, 0, sizeof(told));
	CHECK("one of two", 0, totem_sheepdog_notify(handle, "a", 1));
	CHECK("two of two", 0, totem_sheepdog_notify(handle, "b", 1));
	CHECK("there is something", POLLIN, polled(totem_sheepdog_fd(handle), LIMIT_MS));
	/* Until both have come; too short makes it easier, never wrong. */
	poll(NULL, 0, 300);
	CHECK("one dispatch", 0, totem_sheepdog_dispatch(handle));
	CHECK_TRUE("makes one callback", strcmp(told.letters, "n") == 0);
	CHECK("and the other one is there", POLLIN, polled(totem_sheepdog_fd(handle), LIMIT_MS));
	await("and comes", handle, &told, "nn");
	memset(&told, 0, sizeof(told));
	told.letters[0] = told.letters[1] = 'n';
}

static void messages(void)
{
	char *large = calloc(1, TOTEM_SHEEPDOG_MESSAGE_MAX + 1);

	memset(&told, 0, sizeof(told));
	told.in_notify = from_within_a_callback;
	CHECK("notify", 0, OPERATION(totem_sheepdog_notify(handle, "outer", 5)));
	await("its message and the one sent in it", handle, &told, "nn");
	CHECK_TRUE("the inner one last", strcmp(told.message, "inner") == 0);
	one_a_call();
	CHECK("an empty message", 0, totem_sheepdog_notify(handle, NULL, 0));
	await("comes", handle, &told, "nnn");
	CHECK("empty", 0, told.message_length);
	CHECK("the largest message", 0, totem_sheepdog_notify(handle, large, TOTEM_SHEEPDOG_MESSAGE_MAX));
	await("comes whole", handle, &told, "nnnn");
	CHECK("as large", TOTEM_SHEEPDOG_MESSAGE_MAX, told.message_length);
	CHECK("a larger one", -EINVAL, totem_sheepdog_notify(handle, large, TOTEM_SHEEPDOG_MESSAGE_MAX + 1));
	CHECK("a message from nowhere", -EINVAL, totem_sheepdog_notify(handle, NULL, 1));
	CHECK("an unblock from nowhere", -EINVAL, totem_sheepdog_unblock(handle, NULL, 1));
	free(large);
}

static void turns(void)
{
	memset(&told, 0, sizeof(told));
	CHECK("block", 0, OPERATION(totem_sheepdog_block(handle)));
	await("the turn is offered", handle, &told, "o");
	told.block_answer = 1;
	CHECK("an event", 0, totem_sheepdog_notify(handle, "next", 4));
	await("after which it is offered again", handle, &told, "onb");
	CHECK("unblock", 0, OPERATION(totem_sheepdog_unblock(handle, "done", 4)));
	await("its message", handle, &told, "onbn");
	CHECK_TRUE("is the one of the unblock", strcmp(told.message, "done") == 0);
}

static void updates(void)
{
	struct node node = { "A", 9 }, other = { "B", 9 };

	memset(&told, 0, sizeof(told));
	CHECK("update", 0, OPERATION(totem_sheepdog_update_node(handle, &node, sizeof(node))));
	await("comes", handle, &told, "u");
	CHECK("with the value", 9, told.value);
	CHECK("update of another node", -EINVAL, totem_sheepdog_update_node(handle, &other, sizeof(other)));
	CHECK("reopen without a loss", 0, totem_sheepdog_reopen(handle));
}

static void *lock_in_thread(void *data)
{
	return (void *)(intptr_t)totem_sheepdog_lock(*(totem_sheepdog_handle *)data, 7);
}

static void second_handle(const char *driver)
{
	struct node node = { "B", 1 };
	struct told second = { .count = 0 };
	totem_sheepdog_handle other = 0;
	pthread_t first_locker, second_locker;
	void *result = NULL;

	memset(&told, 0, sizeof(told));
	CHECK("a second open", 0, totem_sheepdog_open(driver, IDENTITY, &callbacks, &second, &other));
	CHECK("a second join", 0, totem_sheepdog_join(other, &node, sizeof(node), "o", 1));
	await("the first lets it in", handle, &told, "ja");
	await("it is in", other, &second, "a");
	CHECK("two members", 2, second.count);

	pthread_create(&first_locker, NULL, lock_in_thread, &handle);
	pthread_join(first_locker, &result);
	CHECK("lock", 0, (intptr_t)result);
	pthread_create(&second_locker, NULL, lock_in_thread, &other);
	poll(NULL, 0, 20);
	CHECK("unlock by another thread", 0, totem_sheepdog_unlock(handle, 7));
	pthread_join(second_locker, &result);
	CHECK("the next has it", 0, (intptr_t)result);
	CHECK("unlock of what is not held", -ENOLCK, totem_sheepdog_unlock(handle, 7));

	pthread_create(&first_locker, NULL, lock_in_thread, &handle);
	CHECK("close by the holder", 0, totem_sheepdog_close(other));
	pthread_join(first_locker, &result);
	CHECK("gives the lock on", 0, (intptr_t)result);
	CHECK("its functions", -EBADF, each_function(other));
	await("the first hears that it is gone", handle, &told, "jal");
	CHECK("one member", 1, told.count);
	CHECK_TRUE("every thread of the library blocks the signals", every_thread_blocks_what_it_should());
}

static void forking(const char *driver)
{
	totem_sheepdog_handle none = 0;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		int is_right = each_function(handle) == -EBADF
			&& totem_sheepdog_open(driver, IDENTITY, &callbacks, NULL, &none) == -ENOSYS;
		_exit(is_right ? 7 : 8);
	}
	for (long end = now_ms() + LIMIT_MS / 4; waitpid(child, &status, WNOHANG) == 0; poll(NULL, 0, 2)) {
		if (now_ms() > end)
			kill(child, SIGKILL);
	}
	CHECK("a child has no handle and gets none", 7, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	memset(&told, 0, sizeof(told));
	CHECK("the parent goes on", 0, totem_sheepdog_notify(handle, "on", 2));
	await("and hears itself", handle, &told, "n");
}

static void ending(const char *driver)
{
	struct node node = { "A", 2 };
	totem_sheepdog_handle old = handle;
	int fd = totem_sheepdog_fd(handle);
	pthread_t holder, waiter;
	void *result = NULL;

	memset(&told, 0, sizeof(told));
	CHECK("leave", 0, OPERATION(totem_sheepdog_leave(handle)));
	await("its own leave", handle, &told, "l");
	CHECK("as a gateway it notifies", 0, totem_sheepdog_notify(handle, "gateway", 7));
	await("and hears", handle, &told, "ln");

	/* The lock is taken already since second_handle, so this one waits. */
	pthread_create(&waiter, NULL, lock_in_thread, &handle);
	poll(NULL, 0, 50);
	CHECK("close", 0, totem_sheepdog_close(handle));
	pthread_join(waiter, &result);
	CHECK("who waits for a lock", -ECANCELED, (intptr_t)result);
	CHECK("close again", -EBADF, totem_sheepdog_close(handle));
	CHECK_TRUE("the descriptor is closed", fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	CHECK("functions on the old handle", -EBADF, each_function(old));

	memset(&told, 0, sizeof(told));
	CHECK("open once more", 0, totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle));
	CHECK("join once more", 0, totem_sheepdog_join(handle, &node, sizeof(node), "o", 1));
	await("in once more", handle, &told, "ja");
	CHECK_TRUE("another handle", handle != old);
	pthread_create(&holder, NULL, lock_in_thread, &handle);
	pthread_join(holder, &result);
	CHECK("with its locks", 0, (intptr_t)result);
	handlers_are_as_before("in the end every handler is as before");
	CHECK("close once more", 0, totem_sheepdog_close(handle));
}

static void on_crash(int number)
{
	(void)number;
	_exit(42);
}

static void crash_now(void)
{
	volatile int *nowhere = NULL;
	*nowhere = 1;
}

static void exit_now(void)
{
	exit(43);
}

/* Sheep has its crash handlers before it opens a driver, and they must run; and it exits in callbacks. */
static void end_by(const char *mode, const char *driver)
{
	struct node node = { "A", 0 };

	signal(SIGSEGV, on_crash);
	CHECK("open", 0, totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle));
	CHECK("join", 0, totem_sheepdog_join(handle, &node, sizeof(node), "o", 1));
	await("in", handle, &told, "ja");
	if (strcmp(mode, "crash") == 0)
		crash_now();
	told.in_notify = strcmp(mode, "exit-in-callback") == 0 ? exit_now : crash_now;
	totem_sheepdog_notify(handle, "", 0);
	await("its end", handle, &told, "jan");
}

/* A second sheep, which sends, and then ends in one of the ways there are. */
#define LAST_WORDS 75

static void send_and_end(const char *way, const char *driver)
{
	struct node node = { "B", 0 };

	if (totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle) != 0
		|| totem_sheepdog_join(handle, &node, sizeof(node), "o", 1) != 0)
		exit(3);
	await("it is in", handle, &told, "a");
	if (strcmp(way, "end: exit in a callback") == 0) {
		told.in_notify = exit_now;
		totem_sheepdog_notify(handle, "first", 5);
	}
	for (int i = told.in_notify != NULL; i < LAST_WORDS; i++)
		if (totem_sheepdog_notify(handle, "last words", 10) != 0)
			exit(4);
	if (told.in_notify != NULL)
		await("its end", handle, &told, "an");
	if (strcmp(way, "end: leave") == 0)
		totem_sheepdog_leave(handle);
	if (strcmp(way, "end: close") == 0)
		totem_sheepdog_close(handle);
	if (strcmp(way, "end: exit without mappings") == 0) {
		struct rlimit none = { 1, 1 };
		setrlimit(RLIMIT_AS, &none);
	}
	exit(43);
}

static void check_ends(const char *self, const char *driver)
{
	static const char *const ways[] = { "end: exit", "end: close", "end: leave", "end: exit in a callback",
		"end: exit without mappings" };
	struct node node = { "A", 0 };
	int status;

	CHECK("open", 0, totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle));
	CHECK("join", 0, totem_sheepdog_join(handle, &node, sizeof(node), "o", 1));
	await("in", handle, &told, "ja");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		char expected[LAST_WORDS + 4] = "ja";
		pid_t child;
		memset(expected + 2, 'n', LAST_WORDS);
		expected[2 + LAST_WORDS] = 'l';
		memset(&told, 0, sizeof(told));
		child = fork();
		if (child == 0) {
			execl(self, self, ways[i], driver, (char *)NULL);
			_exit(9);
		}
		await(ways[i], handle, &told, expected);
		waitpid(child, &status, 0);
		CHECK("its own exit code", 43, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	}
	CHECK("close", 0, totem_sheepdog_close(handle));
}

/* An open answers, whatever the limits of the process are. */
static void check_limits(const char *self, const char *driver)
{
	static const struct {
		int resource;
		long kibibytes, step, most;
	} limits[] = { { RLIMIT_AS, 100000, 50000, 1200000 }, { RLIMIT_DATA, 30000, 10000, 130000 },
		{ RLIMIT_NOFILE, 8, 8, 64 } };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (long value = limits[i].kibibytes; value <= limits[i].most; value += limits[i].step) {
			rlim_t bytes = (rlim_t)(limits[i].resource == RLIMIT_NOFILE ? value : value * 1024);
			struct rlimit limit = { bytes, bytes };
			char name[64];
			int status = 0;
			pid_t child = fork();
			if (child == 0) {
				setrlimit((__rlimit_resource_t)limits[i].resource, &limit);
				alarm(60);
				execl(self, self, "open", driver, (char *)NULL);
				_exit(9);
			}
			waitpid(child, &status, 0);
			snprintf(name, sizeof(name), "limit %d of %ld: open answers", limits[i].resource, value);
			CHECK(name, 1, WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		}
}

/* The threads of a process that has just started meet in the runtime, which must not mind. */
static void check_starts(const char *self, const char *driver)
{
	enum { Starts = 500, AtOnce = 4 };
	int running = 0, good = 0, status;

	for (int i = 0; i < Starts || running > 0;) {
		if (i < Starts && running < AtOnce) {
			if (fork() == 0) {
				alarm(60);
				execl(self, self, "open", driver, (char *)NULL);
				_exit(9);
			}
			i++;
			running++;
			continue;
		}
		wait(&status);
		running--;
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	CHECK("programs that open and end at once", Starts, good);
}

int main(int count, char **arguments)
{
	const char *driver = count == 3 ? arguments[2] : "";
	int status = 0;

	if (count != 3)
		return 2;
	if (strncmp(arguments[1], "end:", 4) == 0)
		send_and_end(arguments[1], driver);
	if (strcmp(arguments[1], "ends") == 0) {
		check_ends(arguments[0], driver);
		printf("done\n");
		return failures == 0 ? 0 : 1;
	}
	if (strcmp(arguments[1], "open") == 0)
		return totem_sheepdog_open(driver, IDENTITY, &callbacks, &told, &handle) == 0 ? 0 : 1;
	if (strcmp(arguments[1], "limits") == 0) {
		check_limits(arguments[0], driver);
		printf("done\n");
		return failures == 0 ? 0 : 1;
	}
	if (strcmp(arguments[1], "starts") == 0) {
		check_starts(arguments[0], driver);
		printf("done\n");
		return failures == 0 ? 0 : 1;
	}
	if (strcmp(arguments[1], "semantics") != 0) {
		end_by(arguments[1], driver);
		return 1;
	}
	if (fork() == 0)
		_exit(0);
	wait(&status);
	wrong_arguments(driver);
	open_keeps_signals(driver);
	joining();
	messages();
	turns();
	updates();
	second_handle(driver);
	forking(driver);
	ending(driver);
	printf("done\n");
	return failures == 0 ? 0 : 1;
}
