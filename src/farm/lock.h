/* One run at a time: rank 0 holds a lock on DIR/.lock. The kernel releases it when the process ends, however it ends. */
#ifndef BF_FARM_LOCK_H
#define BF_FARM_LOCK_H
#include <stdbool.h>
#include "base/status.h"
typedef struct bf_lock { int fd; bool held; } bf_lock;
/* Local. Waits up to `patience` seconds (ranks of a killed job may still be ending), then BF_E_INPUT naming the holder's host, pid and job.
 * BF_OK with held false: the file system has no locks, and nothing keeps a second run away. */
BF_MUST_USE bf_status bf_lock_take(const char *dir, double patience, bf_lock *out);
/* Local. BF_E_IO when another file, or none, is now where the locked one was: the folder was removed, moved or replaced by somebody. */
BF_MUST_USE bf_status bf_lock_check(const bf_lock *l, const char *dir);
void bf_lock_release(bf_lock *l);
#endif
