/* sheep/totem.c includes it by this name. */
#include "sheep_stub.h"
