/*
 * The limits of a process: whatever they are, the library answers, and never ends the program. It starts itself again
 * under each limit, is a member, and says what became of it.
 */
#include "check.h"

#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MEBIBYTE (1024L * 1024)

static int be_a_member(void)
{
	struct cpg_name group = named("limits");
	cpg_handle_t handle = 0;
	cs_error_t result = cpg_initialize(&handle, &recorders);

	if (result == CS_OK)
		result = RETRY(cpg_join(handle, &group));
	if (result == CS_OK && await_events(handle, 1) != 1)
		return 50;
	if (result == CS_OK)
		result = send_bytes(handle, "text", 4);
	if (result == CS_OK && await_events(handle, 2) != 2)
		return 51;
	if (result == CS_OK)
		result = cpg_finalize(handle);
	return (int)result;
}

/* The answer of a member under a limit, or what ended it. */
static int answer(char *self, int resource, long value, unsigned user)
{
	struct rlimit limit = { (rlim_t)value, (rlim_t)value };
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		/* Only processes of other users than root have a limit to their number. */
		if (user != 0 && (setgroups(0, NULL) != 0 || setgid(user) != 0 || setuid(user) != 0))
			_exit(60);
		if (setrlimit((__rlimit_resource_t)resource, &limit) != 0)
			_exit(61);
		execl(self, self, "member", (char *)NULL);
		_exit(62);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void check_one(char *self, const char *name, int resource, long value, int expected)
{
	char text[64];
	snprintf(text, sizeof(text), "%s %ld", name, value);
	CHECK(text, expected, answer(self, resource, value, 0));
}

/* Somewhere between the two it begins to work. */
static void check_either(char *self, const char *name, int resource, long value, int otherwise, unsigned user)
{
	char text[96];
	int got = answer(self, resource, value, user);
	snprintf(text, sizeof(text), "%s %ld: it answers OK or %d, it was %d", name, value, otherwise, got);
	CHECK_TRUE(text, got == CS_OK || got == otherwise);
}

int main(int count, char **arguments)
{
	static const long spaces[] = { 190, 205, 250, 400, 480, 520, 560, 600, 640, 700, 1100, 2200 };

	if (count > 1 && strcmp(arguments[1], "member") == 0)
		return be_a_member();
	check_one(arguments[0], "address space", RLIMIT_AS, 40 * MEBIBYTE, CS_ERR_NO_MEMORY);
	check_one(arguments[0], "address space", RLIMIT_AS, 150 * MEBIBYTE, CS_ERR_NO_MEMORY);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		check_either(arguments[0], "address space", RLIMIT_AS, spaces[i] * MEBIBYTE, CS_ERR_NO_MEMORY, 0);
	check_one(arguments[0], "address space", RLIMIT_AS, 480 * MEBIBYTE, CS_OK);
	check_one(arguments[0], "data", RLIMIT_DATA, 4 * MEBIBYTE, CS_ERR_NO_MEMORY);
	for (long data = 32; data <= 256; data *= 2)
		check_either(arguments[0], "data", RLIMIT_DATA, data * MEBIBYTE, CS_ERR_NO_MEMORY, 0);
	check_one(arguments[0], "descriptors", RLIMIT_NOFILE, 8, CS_ERR_LIBRARY);
	for (long descriptors = 16; descriptors <= 64; descriptors += 12)
		check_either(arguments[0], "descriptors", RLIMIT_NOFILE, descriptors, CS_ERR_LIBRARY, 0);
	check_one(arguments[0], "stack", RLIMIT_STACK, 256 * 1024, CS_OK);
	check_one(arguments[0], "stack", RLIMIT_STACK, (long)RLIM_INFINITY, CS_OK);
	check_one(arguments[0], "locked memory", RLIMIT_MEMLOCK, 0, CS_OK);
	check_one(arguments[0], "signals", RLIMIT_SIGPENDING, 0, CS_OK);
	check_one(arguments[0], "cores", RLIMIT_CORE, 0, CS_OK);
	/* The ring sequence cannot be stored. */
	check_either(arguments[0], "files", RLIMIT_FSIZE, 0, CS_ERR_LIBRARY, 0);
	for (long processes = 1; processes <= 16; processes *= 2)
		check_either(arguments[0], "processes", RLIMIT_NPROC, processes, CS_ERR_LIBRARY, 65534);
	return done();
}
