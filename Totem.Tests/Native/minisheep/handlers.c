/*
 * The handlers that a driver calls, and the requests that wait for them. The checks are sheep's assumptions: what would
 * make sheep dereference an empty list, or let its epochs diverge, ends this program with a message.
 */
#include "minisheep.h"

#include <time.h>

enum block_state { BLOCK_WAITING, BLOCK_RUNNING, BLOCK_ENDING };

struct request {
	struct request *next;
	enum block_state state;
	size_t length;
	char text[];
};

struct queue {
	struct request *first, **last;
};

static struct queue notifies = { .last = &notifies.first };
static struct queue blocks = { .last = &blocks.first };
static bool is_in_operation;

static void __attribute__((noreturn)) broken(const char *rule)
{
	stub_log_error("the driver broke the contract: %s", rule);
	exit(1);
}

static void check_place(void)
{
	if (is_in_operation)
		broken("a callback came from within an operation");
}

static struct request *append(struct queue *queue, const char *text, size_t length)
{
	struct request *request = malloc(sizeof(*request) + length);

	*request = (struct request){ .length = length };
	memcpy(request->text, text, length);
	*queue->last = request;
	queue->last = &request->next;
	return request;
}

static void pop(struct queue *queue)
{
	struct request *first = queue->first;

	queue->first = first->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	free(first);
}

static void clear(struct queue *queue)
{
	while (queue->first != NULL)
		pop(queue);
}

static bool is_text(const struct request *request, const void *text, size_t length)
{
	return request != NULL && request->length == length && memcmp(request->text, text, length) == 0;
}

static void report(int result)
{
	if (result != SD_RES_SUCCESS)
		print_failed(result == SD_RES_NO_SUPPORT ? "NotSupported" : "ClusterError");
}

void request_notify(const char *text, size_t length)
{
	int result;

	/* Sheep hands over its buffer and frees it; this one is overwritten. */
	char *message = malloc(length + 1);
	memcpy(message, text, length);
	is_in_operation = true;
	result = sheep.driver->notify(message, length);
	is_in_operation = false;
	memset(message, 0xee, length);
	free(message);
	if (result == SD_RES_SUCCESS)
		append(&notifies, text, length);
	report(result);
}

void request_block(void)
{
	int result;

	is_in_operation = true;
	result = sheep.driver->block();
	is_in_operation = false;
	if (result == SD_RES_SUCCESS)
		append(&blocks, "", 0);
	report(result);
}

/* The request gets its message, and stays at the head until that has come back. */
void request_unblock(const char *text, size_t length)
{
	struct request *head = blocks.first;
	int result;

	if (head == NULL || head->state != BLOCK_RUNNING) {
		print_failed("no turn to end");
		return;
	}
	head = realloc(head, sizeof(*head) + length);
	memcpy(head->text, text, length);
	head->length = length;
	head->state = BLOCK_ENDING;
	blocks.first = head;
	if (head->next == NULL)
		blocks.last = &head->next;
	is_in_operation = true;
	result = sheep.driver->unblock(head->text, length);
	is_in_operation = false;
	if (result != SD_RES_SUCCESS) {
		stub_log_error("unblock answered %d", result);
		exit(1);
	}
}

int join_cluster(void)
{
	struct cluster_info *opaque = malloc(sizeof(*opaque));
	int result;

	/* Sheep's buffer is mostly zeros, and what is used of it comes from its disk. */
	memset(opaque, 0, sizeof(*opaque));
	memcpy(opaque, &sys->cinfo, offsetof(struct cluster_info, nodes));
	opaque->proto_ver = SD_SHEEP_PROTO_VER;
	is_in_operation = true;
	result = sheep.driver->join(&sheep.self, opaque, sizeof(*opaque));
	is_in_operation = false;
	memset(opaque, 0xee, sizeof(*opaque));
	free(opaque);
	return result;
}

bool sd_join_handler(const struct sd_node *joining, const struct rb_root *nroot, size_t nr_nodes, void *opaque)
{
	struct cluster_info *info = opaque;

	check_place();
	(void)nroot;
	if (is_same_node(joining, &sheep.self) && nr_nodes > 0)
		return false; /* somebody else has to accept it */
	if (nr_nodes == 0 && sys->cinfo.ctime == 0)
		sys->cinfo.ctime = (uint64_t)time(NULL);
	memcpy(info, &sys->cinfo, offsetof(struct cluster_info, nodes) + (size_t)sys->cinfo.nr_nodes * sizeof(struct sd_node));
	info->proto_ver = SD_SHEEP_PROTO_VER;
	info->status = 1;
	return true;
}

static void take_members(const struct rb_root *nroot, size_t nr_nodes)
{
	sheep.nr_members = list_nodes(nroot, sheep.members, SD_MAX_NODES);
	if (sheep.nr_members != nr_nodes)
		broken("a node list has another length than it says");
	memcpy(sys->cinfo.nodes, sheep.members, sheep.nr_members * sizeof(sheep.members[0]));
	sys->cinfo.nr_nodes = (int16_t)sheep.nr_members;
}

static bool is_listed(const struct sd_node *node)
{
	for (size_t i = 0; i < sheep.nr_members; i++) {
		if (is_same_node(&sheep.members[i], node))
			return true;
	}
	return false;
}

/* The behaviour of sheep when it hears of its own accept: it exits when it has been in another cluster. */
static void enter_cluster(const struct cluster_info *info)
{
	if (sheep.is_member)
		broken("a second accept of this node");
	if (info->proto_ver != SD_SHEEP_PROTO_VER) {
		stub_log_error("failed to join: protocol version %d, expected %d", info->proto_ver, SD_SHEEP_PROTO_VER);
		exit(1);
	}
	if (sys->cinfo.epoch > 0 && info->epoch > 0 && sys->cinfo.ctime != info->ctime) {
		stub_log_error("failed to join: the cluster was created at %lu, this node's at %lu", info->ctime, sys->cinfo.ctime);
		exit(1);
	}
	sheep.is_member = true;
	sys->cinfo.epoch = info->epoch;
	sys->cinfo.ctime = info->ctime;
}

void sd_accept_handler(const struct sd_node *joined, const struct rb_root *nroot, size_t nr_nodes, const void *opaque)
{
	const struct cluster_info *info = opaque;

	check_place();
	if (is_same_node(joined, &sheep.self))
		enter_cluster(info);
	else if (!sheep.is_member && !sheep.has_left)
		broken("an accept of somebody else before this node's own");
	/* A gateway that has left is no judge: when all others left too, the next one begins anew. */
	if (sheep.is_member && info->epoch != sys->cinfo.epoch)
		broken("the acceptor's epoch is not the one of this node");
	sys->cinfo.epoch = info->epoch;
	take_members(nroot, nr_nodes);
	if (!is_listed(joined))
		broken("a node list without the node that was accepted");
	sys->cinfo.epoch++;
	print_epoch("joined", joined);
}

void sd_leave_handler(const struct sd_node *left, const struct rb_root *nroot, size_t nr_nodes)
{
	check_place();
	if (!is_listed(left))
		broken("a leave of a node that is no member");
	take_members(nroot, nr_nodes);
	if (is_listed(left))
		broken("a node list with the node that left");
	if (is_same_node(left, &sheep.self)) {
		sheep.is_member = false;
		sheep.has_left = true;
	}
	sys->cinfo.epoch++;
	print_epoch("left", left);
}

void sd_notify_handler(const struct sd_node *sender, void *msg, size_t msg_len)
{
	check_place();
	if ((uintptr_t)msg % 8 != 0)
		broken("a message that is not aligned");
	if (is_same_node(sender, &sheep.self)) {
		if (is_text(notifies.first, msg, msg_len))
			pop(&notifies);
		else if (blocks.first != NULL && blocks.first->state == BLOCK_ENDING && is_text(blocks.first, msg, msg_len))
			pop(&blocks);
		else
			broken("a message of this node that is not the oldest it waits for");
	}
	print_notify(sender, msg, msg_len);
	/* As sheep's handler does. */
	memset(msg, 0xee, msg_len);
}

bool sd_block_handler(const struct sd_node *sender)
{
	check_place();
	if (!is_same_node(sender, &sheep.self))
		return false;
	if (blocks.first == NULL)
		broken("a turn that nobody has asked for");
	if (blocks.first->state != BLOCK_WAITING)
		return false;
	blocks.first->state = BLOCK_RUNNING;
	print_done("block");
	return true;
}

void sd_update_node_handler(struct sd_node *node)
{
	check_place();
	if (!is_listed(node))
		broken("an update of a node that is no member");
	for (size_t i = 0; i < sheep.nr_members; i++) {
		if (is_same_node(&sheep.members[i], node))
			sheep.members[i] = *node;
	}
	sys->cinfo.epoch++;
	print_epoch("updated", node);
}

/* The clients of what was pending get an error, as those of `totem sheep`. */
int sd_reconnect_handler(void)
{
	check_place();
	print_failed("the session was lost; joining again");
	clear(&notifies);
	clear(&blocks);
	sheep.is_member = false;
	sheep.has_left = false;
	sheep.nr_members = 0;
	sys->cinfo.epoch = 0;
	sys->cinfo.nr_nodes = 0;
	return sheep.driver->init(sheep.option) == 0 && join_cluster() == 0 ? 0 : -1;
}
