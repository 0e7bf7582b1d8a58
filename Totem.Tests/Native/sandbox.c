/*
 * Runs a program under restrictions, as a service manager would set them: sandbox RESTRICTION... -- PROGRAM ARGUMENT...
 * Ends with 99 when a restriction cannot be set.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define AT_RECURSIVELY 0x8000
#define RULES_MAX 64

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

static struct sock_filter rules[RULES_MAX];
static unsigned short count;

static int failed(const char *what)
{
	fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
	return 99;
}

static void rule(uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
	rules[count++] = (struct sock_filter)BPF_JUMP(code, value, yes, no);
}

/* socket(family, ...) and socketpair: as RestrictAddressFamilies= does it. */
static void deny_family(uint32_t family)
{
	rule(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	rule(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0);
	rule(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 0, 3);
	rule(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]), 0, 0);
	rule(BPF_JMP | BPF_JEQ | BPF_K, family, 0, 1);
	rule(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT, 0, 0);
}

static void deny_call(uint32_t call)
{
	rule(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	rule(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
	rule(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static int own_mounts(void)
{
	static int done;
	if (done++)
		return 0;
	return unshare(CLONE_NEWNS) || mount("none", "/", NULL, 0x4000 /* MS_REC */ | 0x40000 /* MS_PRIVATE */, NULL);
}

static int read_only(void)
{
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
	return own_mounts() || syscall(SYS_mount_setattr, -1, "/", AT_RECURSIVELY, &attributes, sizeof(attributes));
}

static int set(const char *restriction)
{
	if (!strcmp(restriction, "no-netlink"))
		deny_family(AF_NETLINK);
	else if (!strcmp(restriction, "no-unix"))
		deny_family(AF_UNIX);
	else if (!strcmp(restriction, "no-inet"))
		deny_family(AF_INET);
	else if (!strcmp(restriction, "no-inet6"))
		deny_family(AF_INET6);
	else if (!strcmp(restriction, "no-priority")) {
		deny_call(SYS_setpriority);
		deny_call(SYS_sched_setscheduler);
	} else if (!strcmp(restriction, "no-memfd"))
		deny_call(SYS_memfd_create);
	else if (!strcmp(restriction, "no-capabilities")) {
		for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
			if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
				return failed(restriction);
	} else if (!strcmp(restriction, "read-only")) {
		if (read_only())
			return failed(restriction);
	} else if (!strcmp(restriction, "private-tmp")) {
		if (own_mounts() || mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"))
			return failed(restriction);
	} else if (!strcmp(restriction, "no-proc")) {
		if (own_mounts() || mount("tmpfs", "/proc", "tmpfs", 1 /* MS_RDONLY */, NULL))
			return failed(restriction);
	} else {
		errno = EINVAL;
		return failed(restriction);
	}

	return 0;
}

int main(int argc, char **argv)
{
	int i;
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		int error = set(argv[i]);
		if (error)
			return error;
	}

	if (i + 1 >= argc)
		return 99;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("no new privileges");
	if (count) {
		rule(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
		struct sock_fprog program = {.len = count, .filter = rules};
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
			return failed("seccomp");
	}

	execvp(argv[i + 1], argv + i + 1);
	return failed(argv[i + 1]);
}
