/* libcfg.so.7: every function of the original, passed on to the engine that libcpg.so.4 opens. */
#include "dispatch.h"

CFG_FUNCTIONS(FORWARD)
FORWARD_START(corosync_cfg_initialize, (uint64_t *handle, const void *callbacks), (handle, callbacks))

int corosync_cfg_dispatch(uint64_t handle, int flags)
{
	return totem_cpg_dispatch(TOTEM_CFG_HANDLE, handle, flags);
}
