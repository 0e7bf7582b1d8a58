/* The node's port. Sheep serves its clients there; this one tells whoever connects the epoch and the node list, and
 * hangs up. */
#include "minisheep.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_PORT 7000
#define PORTS_TRIED 1000

static void on_client(int fd, int events, void *data)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	char text[NODE_TEXT_MAX];

	(void)events;
	(void)data;
	if (client < 0)
		return;
	dprintf(client, "epoch %u\n", sys->cinfo.epoch);
	for (size_t i = 0; i < sheep.nr_members; i++) {
		node_text(&sheep.members[i], text);
		dprintf(client, "%s\n", text);
	}
	close(client);
}

/* Listens on the port, or on the first free one when it is 0. Returns the port; ends the program when there is none. */
int status_listen(int wanted_port)
{
	for (int port = wanted_port > 0 ? wanted_port : FIRST_PORT;; port++) {
		struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
		int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0) {
			register_event(fd, on_client, NULL);
			return port;
		}
		if (wanted_port > 0 || port == FIRST_PORT + PORTS_TRIED) {
			fprintf(stderr, "minisheep: port %d: %s\n", port, strerror(errno));
			exit(3);
		}
		close(fd);
	}
}
