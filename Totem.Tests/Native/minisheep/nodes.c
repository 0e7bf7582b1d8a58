/* Nodes, and the trees that sets of them come in. */
#include "minisheep.h"

#include <arpa/inet.h>

/* Sheep's order: address, then port. Nothing else says who a node is. */
int node_cmp(const struct sd_node *a, const struct sd_node *b)
{
	int difference = memcmp(a->nid.addr, b->nid.addr, sizeof(a->nid.addr));

	return difference != 0 ? difference : (a->nid.port > b->nid.port) - (a->nid.port < b->nid.port);
}

bool is_same_node(const struct sd_node *a, const struct sd_node *b)
{
	return node_cmp(a, b) == 0;
}

struct sd_node *stub_insert(struct rb_root *root, struct sd_node *node,
	int (*compare)(const struct sd_node *, const struct sd_node *))
{
	struct rb_node *parent = NULL, **place = &root->rb_node;

	while (*place != NULL) {
		struct sd_node *other = (struct sd_node *)*place;
		int difference = compare(node, other);
		if (difference == 0)
			return other;
		parent = *place;
		place = difference < 0 ? &parent->rb_left : &parent->rb_right;
	}
	node->rb = (struct rb_node){ .rb_parent = parent };
	*place = &node->rb;
	return NULL;
}

static void append(const struct rb_node *tree, struct sd_node *nodes, size_t room, size_t *count)
{
	if (tree == NULL)
		return;
	append(tree->rb_left, nodes, room, count);
	if (*count < room)
		nodes[(*count)++] = *(const struct sd_node *)tree;
	append(tree->rb_right, nodes, room, count);
}

/* In order; returns how many. */
size_t list_nodes(const struct rb_root *root, struct sd_node *nodes, size_t room)
{
	size_t count = 0;

	append(root->rb_node, nodes, room, &count);
	return count;
}

/* ADDRESS:PORT:VNODES, as `totem sheep` has it. */
void node_text(const struct sd_node *node, char text[NODE_TEXT_MAX])
{
	static const uint8_t zeros[12];
	const uint8_t *address = node->nid.addr;
	char name[INET6_ADDRSTRLEN];

	if (memcmp(address, zeros, sizeof(zeros)) == 0 && address[12] != 0) {
		inet_ntop(AF_INET, address + 12, name, sizeof(name));
		snprintf(text, NODE_TEXT_MAX, "%s:%u:%u", name, node->nid.port, node->nr_vnodes);
	} else {
		inet_ntop(AF_INET6, address, name, sizeof(name));
		snprintf(text, NODE_TEXT_MAX, "[%s]:%u:%u", name, node->nid.port, node->nr_vnodes);
	}
}
