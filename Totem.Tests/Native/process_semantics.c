/*
 * What a program may expect of a library that brings threads and sockets of its own: signals, fork before and after the first handle,
 * descriptors, the end. Against the real library it holds trivially, except where the name says "ours".
 */
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static volatile sig_atomic_t signalled;
static pthread_t signalled_thread;

static void on_signal(int number)
{
	(void)number;
	signalled_thread = pthread_self();
	signalled++;
}

static void signals(void)
{
	struct sigaction action, before, after, all[SIGTERM + 1];
	cpg_handle_t handle = 0;
	sigset_t mask_before, mask_after;
	int same = 1;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGPIPE, NULL, &before);
	for (int number = SIGHUP; number <= SIGTERM; number++)
		sigaction(number, NULL, &all[number]); /* whoever started us may have us ignore some */
	pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	if (failures > 0)
		exit(1); /* no daemon: nothing below would mean anything */
	pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
	for (int i = 1; i < 32; i++)
		same &= sigismember(&mask_before, i) == sigismember(&mask_after, i);
	CHECK_TRUE("the caller's signal mask is as before", same);
	sigaction(SIGPIPE, NULL, &after);
	CHECK_TRUE("SIGPIPE is as before", before.sa_handler == after.sa_handler);
	for (int number = SIGHUP; number <= SIGTERM; number++) {
		if (number == SIGUSR1 || number == SIGSEGV || number == SIGFPE || number == SIGPIPE || number == SIGKILL)
			continue;
		sigaction(number, NULL, &after);
		if (after.sa_handler != all[number].sa_handler)
			CHECK("the handler is as before for signal", 0, number);
	}
	for (int i = 0; i < 20; i++) {
		kill(getpid(), SIGUSR1);
		pause_milliseconds(2);
	}
	CHECK("signals of the process arrive", 20, signalled);
	CHECK_TRUE("in the program's own thread", pthread_equal(signalled_thread, pthread_self()));
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static int child_result(int (*body)(cpg_handle_t), cpg_handle_t handle)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(body(handle));
	for (int i = 0; i < 3000; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		pause_milliseconds(10);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1000;
}

static int use_the_parents(cpg_handle_t handle)
{
	uint32_t node;
	return cpg_local_get(handle, &node);
}

static int make_its_own(cpg_handle_t handle)
{
	struct cpg_name name = named("process");
	(void)handle;
	event_count = 0;
	if (RETRY(cpg_initialize(&handle, &recorders)) != CS_OK)
		return 101;
	if (RETRY(cpg_join(handle, &name)) != CS_OK)
		return 102;
	if (await_events(handle, 1) != 1 || events[0].members != 2)
		return 103;
	if (send_bytes(handle, "child", 5) != CS_OK)
		return 104;
	if (await_events(handle, 2) != 2)
		return 105;
	return cpg_finalize(handle) == CS_OK ? 0 : 106;
}

static int nothing(cpg_handle_t handle)
{
	(void)handle;
	return 7;
}

static int leave_by_exit(cpg_handle_t handle)
{
	(void)handle;
	exit(9);
}

static void forks(int is_ours)
{
	cpg_handle_t handle = 0;
	struct cpg_name name = named("process");
	event_count = 0;
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
	CHECK("join", CS_OK, RETRY(cpg_join(handle, &name)));
	await_events(handle, 1);
	CHECK("a child that does nothing ends", 7, child_result(nothing, handle));
	CHECK("a child that calls exit ends", 9, child_result(leave_by_exit, handle));
	if (is_ours)
		CHECK("ours: the parent's handle is none in the child", CS_ERR_BAD_HANDLE, child_result(use_the_parents, handle));
	CHECK("a child makes its own handle", 0, child_result(make_its_own, handle));
	await_events(handle, 4);
	CHECK("the child's join", 'c', events[1].kind);
	CHECK("the child's message", 5, events[2].length);
	CHECK("the child's end", 1, events[3].left);
	CHECK("the parent goes on", CS_OK, send_bytes(handle, "parent", 6));
	await_events(handle, 5);
	CHECK("the parent hears itself", 6, events[4].length);
	CHECK("finalize", CS_OK, cpg_finalize(handle));
}

static int open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static void descriptors(void)
{
	int before = 0;
	for (int i = 0; i < 20; i++) {
		cpg_handle_t handle = 0;
		CHECK("initialize", CS_OK, RETRY(cpg_initialize(&handle, &recorders)));
		CHECK("finalize", CS_OK, cpg_finalize(handle));
		if (i == 4)
			before = open_descriptors();
	}
	CHECK("handles leave no descriptors behind", before, open_descriptors());
}

static cpg_handle_t blocked;

static void *dispatch_forever(void *result)
{
	*(cs_error_t *)result = cpg_dispatch(blocked, CS_DISPATCH_BLOCKING);
	return NULL;
}

static void threads(int is_ours)
{
	pthread_t thread;
	cs_error_t result = 0;
	if (!is_ours)
		return; /* the original never wakes up */
	CHECK("initialize", CS_OK, RETRY(cpg_initialize(&blocked, &recorders)));
	pthread_create(&thread, NULL, dispatch_forever, &result);
	pause_milliseconds(50);
	CHECK("finalize by another thread", CS_OK, cpg_finalize(blocked));
	pthread_join(thread, NULL);
	CHECK("ours: a blocked dispatch wakes up", CS_ERR_BAD_HANDLE, result);
}

static int before_the_first_handle(cpg_handle_t handle)
{
	if (RETRY(cpg_initialize(&handle, &recorders)) != CS_OK)
		return 101;
	return cpg_finalize(handle) == CS_OK ? 0 : 102;
}

int main(int count, char **arguments)
{
	int is_ours = count > 1 && strcmp(arguments[1], "ours") == 0;
	CHECK("a child forked before the first handle makes its own", 0, child_result(before_the_first_handle, 0));
	signals();
	forks(is_ours);
	descriptors();
	threads(is_ours);
	return done();
}
