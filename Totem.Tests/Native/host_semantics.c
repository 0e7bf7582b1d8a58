/*
 * The process is the program's, not the library's: whatever belongs to it is as before after each call, in the process
 * and in a forked child. That is the dispositions and the mask of all signals, the alternate stack, the environment,
 * the locale, the working directory, the file mode mask, limits, priority, timers, the terminal, rounding, and every
 * open descriptor. New descriptors are closed on exec.
 */
#include "check.h"

#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>

#define DESCRIPTORS_MAX 1024
#define RESTORER 0x04000000 /* the C library's own flag, which it adds to every action that is set */

extern char **environ;

static int is_ours;
static int reported;

struct host {
	struct sigaction actions[65];
	sigset_t mask;
	stack_t alternate;
	char environment[16384], locale[256], folder[4096], name[32];
	mode_t file_mask;
	struct rlimit limits[RLIM_NLIMITS];
	int priority, scheduler, rounding, exceptions, is_dumpable, is_subreaper;
	struct itimerval timers[3];
	struct termios terminal;
	char descriptors[DESCRIPTORS_MAX][96];
};

static struct host before, after;

static void look(struct host *host)
{
	size_t used = 0;

	memset(host, 0, sizeof(*host));
	for (int number = 1; number < 65; number++)
		sigaction(number, NULL, &host->actions[number]);
	pthread_sigmask(SIG_SETMASK, NULL, &host->mask);
	sigaltstack(NULL, &host->alternate);
	for (char **variable = environ; *variable != NULL && used < sizeof(host->environment) - 1; variable++)
		used += (size_t)snprintf(host->environment + used, sizeof(host->environment) - used, "%s;", *variable);
	snprintf(host->locale, sizeof(host->locale), "%s", setlocale(LC_ALL, NULL));
	if (getcwd(host->folder, sizeof(host->folder)) == NULL)
		host->folder[0] = 0;
	prctl(PR_GET_NAME, host->name);
	host->file_mask = umask(0);
	umask(host->file_mask);
	for (int limit = 0; limit < RLIM_NLIMITS; limit++)
		getrlimit((__rlimit_resource_t)limit, &host->limits[limit]);
	host->priority = getpriority(PRIO_PROCESS, 0);
	host->scheduler = sched_getscheduler(0);
	host->rounding = fegetround();
	host->exceptions = fegetexcept();
	host->is_dumpable = prctl(PR_GET_DUMPABLE);
	prctl(PR_GET_CHILD_SUBREAPER, &host->is_subreaper);
	for (int timer = 0; timer < 3; timer++)
		getitimer((__itimer_which_t)timer, &host->timers[timer]);
	tcgetattr(0, &host->terminal);
	for (int number = 0; number < DESCRIPTORS_MAX; number++) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
		if (readlink(path, host->descriptors[number], sizeof(host->descriptors[number]) - 1) < 0)
			host->descriptors[number][0] = 0;
	}
}

static int is_the_runtimes(int number)
{
	/* docs/how-to/libcpg.md: it handles faults of its own and passes the others on, and it stops its threads with the
	 * first real-time signal. */
	return is_ours && (number == SIGSEGV || number == SIGFPE || number == 34);
}

static void differs(const char *call, const char *what, int number)
{
	printf("not ok after %s: %s %d\n", call, what, number);
	fflush(stdout);
	failures++;
	reported++;
}

static void check_same(const char *call)
{
	look(&after);
	reported = 0;
	for (int number = 1; number < 65; number++) {
		struct sigaction *old = &before.actions[number], *new = &after.actions[number];
		if (!is_the_runtimes(number)
			&& (old->sa_handler != new->sa_handler || ((old->sa_flags ^ new->sa_flags) & ~RESTORER) != 0
				|| memcmp(&old->sa_mask, &new->sa_mask, 8) != 0))
			differs(call, "the disposition of signal", number);
		if (number < 64 && sigismember(&before.mask, number) != sigismember(&after.mask, number))
			differs(call, "the mask of signal", number);
	}
#define SAME(what, field) \
	if (memcmp(&before.field, &after.field, sizeof(before.field)) != 0) \
		differs(call, what, 0);
	SAME("the alternate stack", alternate)
	SAME("the environment", environment)
	SAME("the locale", locale)
	SAME("the working directory", folder)
	SAME("the thread's name", name)
	SAME("the file mode mask", file_mask)
	SAME("the limits", limits)
	SAME("the priority", priority)
	SAME("the scheduler", scheduler)
	SAME("the rounding", rounding)
	SAME("the floating point exceptions", exceptions)
	SAME("dumpable", is_dumpable)
	SAME("subreaper", is_subreaper)
	SAME("the timers", timers)
	SAME("the terminal", terminal)
	for (int number = 0; number < DESCRIPTORS_MAX; number++) {
		if (before.descriptors[number][0] != 0 && strcmp(before.descriptors[number], after.descriptors[number]) != 0)
			differs(call, "descriptor", number);
		if (before.descriptors[number][0] == 0 && after.descriptors[number][0] != 0
			&& (fcntl(number, F_GETFD) & FD_CLOEXEC) == 0)
			differs(call, "a descriptor that stays open on exec", number);
	}
	if (reported == 0)
		printf("ok after %s\n", call);
	fflush(stdout);
}

#define SAME_AFTER(call) (call, check_same(#call))

static void use(const char *who)
{
	cpg_handle_t handle = 0;
	cpg_iteration_handle_t iteration = 0;
	struct cpg_name group = named(who);
	struct cpg_address members[16];
	struct iovec vector = { "text", 4 };
	cs_error_t result = CS_OK;
	unsigned int node;
	int count = 0, fd;
	void *buffer;

	SAME_AFTER(result = RETRY(cpg_initialize(&handle, &recorders)));
	if (result != CS_OK) {
		printf("not ok initialize %d\n", result);
		failures++;
		return;
	}
	event_count = 0;
	SAME_AFTER(cpg_fd_get(handle, &fd));
	SAME_AFTER(cpg_local_get(handle, &node));
	SAME_AFTER(RETRY(cpg_join(handle, &group)));
	SAME_AFTER(await_events(handle, 1));
	SAME_AFTER(RETRY(cpg_mcast_joined(handle, CPG_TYPE_AGREED, &vector, 1)));
	SAME_AFTER(cpg_dispatch(handle, CS_DISPATCH_ONE));
	SAME_AFTER(cpg_membership_get(handle, &group, members, &count));
	SAME_AFTER(cpg_zcb_alloc(handle, 100, &buffer));
	SAME_AFTER(cpg_zcb_free(handle, buffer));
	SAME_AFTER(cpg_iteration_initialize(handle, CPG_ITERATION_ALL, NULL, &iteration));
	SAME_AFTER(cpg_iteration_finalize(iteration));
	SAME_AFTER(cpg_leave(handle, &group));
	SAME_AFTER(cpg_finalize(handle));
	SAME_AFTER(cpg_finalize(handle));
}

static void use_cfg(void)
{
	corosync_cfg_callbacks_t none;
	corosync_cfg_handle_t handle = 0;
	int fd;

	memset(&none, 0, sizeof(none));
	SAME_AFTER(RETRY(corosync_cfg_initialize(&handle, &none)));
	SAME_AFTER(corosync_cfg_fd_get(handle, &fd));
	SAME_AFTER(corosync_cfg_dispatch(handle, CS_DISPATCH_ALL));
	SAME_AFTER(corosync_cfg_finalize(handle));
}

static void handler(int number)
{
	(void)number;
}

/* A terminal as standard input: a library could change its modes. */
static void open_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave >= 0)
		dup2(slave, 0);
}

int main(int count, char **arguments)
{
	static const int caught[] = { SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGCONT, SIGWINCH, SIGTSTP, SIGUSR1 };
	int status = -1;
	pid_t child;

	is_ours = count > 1 && strcmp(arguments[1], "ours") == 0;
	open_terminal();
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], handler);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	look(&before);
	check_same("nothing");

	if (is_ours) {
		/* An error is written to the standard error and the system's log. */
		char configured[256], line[512] = "";
		cpg_handle_t none = 0;
		int error[2], kept = dup(2);
		if (pipe(error) != 0 || dup2(error[1], 2) < 0)
			return 1;
		snprintf(configured, sizeof(configured), "%s", getenv("TOTEM_CONFIG"));
		setenv("TOTEM_CONFIG", "/nonexistent/corosync.conf", 1);
		look(&before);
		fflush(stdout);
		SAME_AFTER(cpg_initialize(&none, &recorders));
		CHECK_TRUE("the error is written", read(error[0], line, sizeof(line) - 1) > 0
			&& strncmp(line, "totem-cpg: ", 11) == 0);
		/* Nobody reads it any more: that must not end the program. */
		close(error[0]);
		look(&before);
		SAME_AFTER(cpg_initialize(&none, &recorders));
		dup2(kept, 2);
		close(error[1]);
		close(kept);
		setenv("TOTEM_CONFIG", configured, 1);
		look(&before);
	}

	use("parent");
	use_cfg();
	fflush(stdout);
	look(&before);
	child = fork();
	if (child == 0) {
		failures = 0;
		if (!is_ours)
			_exit(0); /* the original's handles are shared with the parent */
		/* The engine's descriptors are closed in the child, which is told apart from those of the program by their kind. */
		for (int number = 3; number < DESCRIPTORS_MAX; number++)
			if (strncmp(before.descriptors[number], "socket:", 7) == 0
				|| strncmp(before.descriptors[number], "anon_inode:", 11) == 0)
				before.descriptors[number][0] = 0;
		check_same("fork, in the child");
		use("child");
		fflush(stdout);
		_exit(failures);
	}
	waitpid(child, &status, 0);
	CHECK("the child ends well", 0, status);
	check_same("fork, in the parent");
	return done();
}
