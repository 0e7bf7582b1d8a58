/*
 * Whether the limits of this process leave room for the engine. The runtime within it ends the process when it does not
 * get a thread or the memory for its heap, so that is tried before it is started.
 */
#ifndef TOTEM_LIMITS_H
#define TOTEM_LIMITS_H

#include <stddef.h>

/* CS_OK, or what to answer, with the reason in `text`. */
int totem_cpg_check_limits(char *text, size_t room);

#endif
