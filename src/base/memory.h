/* How much memory this process can still get: what the machine has left, and what its job may take. */
#ifndef BF_BASE_MEMORY_H
#define BF_BASE_MEMORY_H
#include <stdint.h>
/* Local. Bytes; UINT64_MAX when the system does not tell. The least of what the kernel thinks can be allocated without swapping and of what the
 * control groups around this process leave (the limit of a scheduler's job, of a container), both versions of them. Cached files count as free.
 * root: where the system is found, ""; in tests a folder with proc and sys in it. */
uint64_t bf_memory_available(const char *root);
#endif
