/* libcpg.so.4: every function of the original, passed on to the engine. */
#include "dispatch.h"

CPG_QUICK_FUNCTIONS(FORWARD_QUICK)
CPG_WAITING_FUNCTIONS(FORWARD)
FORWARD_START(cpg_initialize, (uint64_t *handle, void *callbacks), (handle, callbacks))
FORWARD_START(cpg_model_initialize, (uint64_t *handle, int model, void *data, void *context),
	(handle, model, data, context))

int cpg_dispatch(uint64_t handle, int flags)
{
	return totem_cpg_dispatch(TOTEM_CPG_HANDLE, handle, flags);
}
