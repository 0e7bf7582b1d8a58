/*
 * A stand-in for Sheepdog's daemon: its side of the cluster drivers' contract (handlers, event loop, pending requests,
 * epoch), without any storage. It takes commands from its standard input and prints what happens as `totem sheep` does,
 * so one harness drives both.
 */
#ifndef MINISHEEP_H
#define MINISHEEP_H

#include "sheep_stub.h"

#define NODE_TEXT_MAX 80

/* The knowledge of a sheep beside sys->cinfo, its epoch with creation time and nodes; the event loop's thread only. */
struct sheep {
	struct cluster_driver *driver;
	const char *option;		/* behind the driver's name; may be null */
	struct sd_node self;
	struct sd_node members[SD_MAX_NODES];
	size_t nr_members;
	bool is_member;
	bool has_left;
	bool is_ending;			/* a signal or the end of the input: leave, and end the loop */
};

extern struct sheep sheep;

/* nodes.c */
void node_text(const struct sd_node *node, char text[NODE_TEXT_MAX]);
bool is_same_node(const struct sd_node *a, const struct sd_node *b);
size_t list_nodes(const struct rb_root *root, struct sd_node *nodes, size_t room);

/* loop.c */
void loop_init(void);
void loop_until(bool (*is_over)(void), int limit_ms);

/* output.c: events as `totem sheep` prints them, from any thread. */
void output_as_json(void);
void print_started(void);
void print_epoch(const char *why, const struct sd_node *node);
void print_notify(const struct sd_node *sender, const char *text, size_t length);
void print_done(const char *what);
void print_failed(const char *reason);
int errors_of_this_thread(void);

/* handlers.c: how the daemon's requests wait for their event. */
int join_cluster(void);
void request_notify(const char *text, size_t length);
void request_block(void);
void request_unblock(const char *text, size_t length);

/* locks.c */
void request_lock(uint64_t id);
void request_unlock(uint64_t id);

/* commands.c */
#define COMMANDS "type notify TEXT, block, unblock [TEXT], lock N, unlock N, update N, leave"
void commands_init(void);

/* status.c */
int status_listen(int wanted_port);

#endif
