/* The main loop: one thread, epoll, level-triggered, as sheep's. */
#include "minisheep.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

struct registration {
	int fd;
	event_handler_t handler;
	void *data;
};

static int epoll_fd;

void loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
}

int register_event(int fd, event_handler_t handler, void *data)
{
	struct registration *registration = malloc(sizeof(*registration));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = registration };

	*registration = (struct registration){ fd, handler, data };
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the condition holds, or for so long; for ever when the limit is negative. */
void loop_until(bool (*is_over)(void), int limit_ms)
{
	long end = now_ms() + limit_ms;

	while (!is_over() && (limit_ms < 0 || now_ms() < end)) {
		struct epoll_event events[16];
		int count = epoll_wait(epoll_fd, events, 16, limit_ms < 0 ? -1 : (int)(end - now_ms()));
		for (int i = 0; i < count; i++) {
			const struct registration *registration = events[i].data.ptr;
			registration->handler(registration->fd, (int)events[i].events, registration->data);
		}
	}
}
