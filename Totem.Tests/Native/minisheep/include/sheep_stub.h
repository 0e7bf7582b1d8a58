/*
 * The parts of sheep that sheep/totem.c finds when it is compiled: names, signatures and layouts as sheepdog's headers
 * have them, and nothing else, so that what compiles and runs here does so in a sheepdog tree. The bodies are ours.
 */
#ifndef SHEEP_STUB_H
#define SHEEP_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SD_RES_SUCCESS 0x00
#define SD_RES_NO_SUPPORT 0x8B
#define SD_RES_CLUSTER_ERROR 0x91
#define SD_MAX_EVENT_BUF_SIZE (128 * 1024)
#define SD_MAX_NODES 6144
#define SD_SHEEP_PROTO_VER 0x0a

/* Trees: 24 bytes of links in a node. */
struct rb_node {
	struct rb_node *rb_parent;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

static inline void INIT_RB_ROOT(struct rb_root *root)
{
	root->rb_node = NULL;
}

struct node_id {
	uint8_t addr[16];
	uint16_t port;
	uint8_t io_addr[16];
	uint16_t io_port;
	uint8_t pad[4];
};

struct sd_node {
	struct rb_node rb;
	struct node_id nid;
	uint16_t nr_vnodes;
	uint8_t pad[2];
	uint32_t zone;
	uint64_t space;
};

int node_cmp(const struct sd_node *a, const struct sd_node *b);

/* Null, or the node that is there already. */
struct sd_node *stub_insert(struct rb_root *root, struct sd_node *node,
	int (*compare)(const struct sd_node *, const struct sd_node *));

#define rb_insert(root, new, member, compar) stub_insert(root, new, compar)

/* The join's opaque buffer. */
struct cluster_info {
	uint8_t proto_ver;
	uint8_t disable_recovery;
	int16_t nr_nodes;
	uint32_t epoch;
	uint64_t ctime;
	uint16_t flags;
	uint8_t nr_copies;
	uint8_t copy_policy;
	uint8_t status;
	uint8_t block_size_shift;
	uint8_t pad1[3];
	uint8_t default_store[16];
	uint8_t pad2[7];
	struct sd_node nodes[SD_MAX_NODES];
};

_Static_assert(sizeof(struct node_id) == 40 && sizeof(struct sd_node) == 80, "DRIVER 5.1 and 5.2");
_Static_assert(offsetof(struct cluster_info, nodes) == 48 && sizeof(struct cluster_info) == 491568, "DRIVER 5.4");

enum sd_status { SD_STATUS_OK = 1, SD_STATUS_WAIT, SD_STATUS_SHUTDOWN, SD_STATUS_KILLED };

/* The daemon's knowledge; of its fields, those that totem.c looks at. */
struct system_info {
	struct cluster_info cinfo;
};

extern struct system_info *sys;

struct list_node {
	struct list_node *next;
};

struct cluster_driver {
	const char *name;
	int (*init)(const char *option);
	int (*get_local_addr)(uint8_t *myaddr);
	int (*join)(const struct sd_node *myself, void *opaque, size_t opaque_len);
	int (*leave)(void);
	int (*notify)(void *msg, size_t msg_len);
	int (*block)(void);
	int (*unblock)(void *msg, size_t msg_len);
	void (*lock)(uint64_t lock_id);
	void (*unlock)(uint64_t lock_id);
	int (*update_node)(struct sd_node *node);
	struct list_node list;
};

void stub_register(struct cluster_driver *driver);

#define cdrv_register(driver) \
	static void __attribute__((constructor)) regist_##driver(void) \
	{ \
		stub_register(&driver); \
	} \
	extern int stub_needs_a_semicolon

bool sd_join_handler(const struct sd_node *joining, const struct rb_root *nroot, size_t nr_nodes, void *opaque);
void sd_accept_handler(const struct sd_node *joined, const struct rb_root *nroot, size_t nr_nodes, const void *opaque);
void sd_leave_handler(const struct sd_node *left, const struct rb_root *nroot, size_t nr_nodes);
void sd_notify_handler(const struct sd_node *sender, void *msg, size_t msg_len);
bool sd_block_handler(const struct sd_node *sender);
int sd_reconnect_handler(void);
void sd_update_node_handler(struct sd_node *node);

typedef void (*event_handler_t)(int fd, int events, void *data);

int register_event(int fd, event_handler_t handler, void *data);

void stub_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

void stub_log(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define sd_err(...) stub_log_error(__VA_ARGS__)
#define sd_warn(...) stub_log("warning", __VA_ARGS__)
#define sd_info(...) stub_log("information", __VA_ARGS__)

void log_close(void);

#endif
