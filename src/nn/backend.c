#include "nn/backend.h"

#include <string.h>

#include "nn/onednn/onednn.h"

const char *const bf_backend_names[] = { "auto", "portable", "onednn", NULL };

const bf_backend *bf_backend_find(const char *name)
{
    const bf_backend *fast = bf_onednn_backend();
    if (strcmp(name, "auto") == 0) return fast != NULL ? fast : &bf_backend_portable;
    if (strcmp(name, "onednn") == 0) return fast;
    return strcmp(name, "portable") == 0 ? &bf_backend_portable : NULL;
}
