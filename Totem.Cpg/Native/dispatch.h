/*
 * Dispatching, in C: the engine hands out one event at a time, and the program's callback runs with nothing of the
 * engine on the stack below it. So a callback may end its thread, jump out by longjmp, finalise its handle, dispatch
 * again or never return: the engine does not notice, and the ring goes on. A thread can be cancelled in a callback and
 * while it waits for an event, nowhere else here.
 */
#ifndef TOTEM_DISPATCH_H
#define TOTEM_DISPATCH_H

#include "engine.h"

/* Which table of the engine a handle is in. */
enum totem_handle_kind { TOTEM_CPG_HANDLE, TOTEM_CFG_HANDLE };

/* cpg_dispatch and corosync_cfg_dispatch. */
int totem_cpg_dispatch(enum totem_handle_kind kind, uint64_t handle, int flags);

#endif
