/* The study's folder as a set of names: which are ours, what a fresh start removes, what a killed run left behind. */
#ifndef BF_FARM_FOLDER_H
#define BF_FARM_FOLDER_H
#include "base/file.h"
#include "base/status.h"

/* Local. DIR, DIR/configs, DIR/checkpoints. */
BF_MUST_USE bf_status bf_folder_create(const char *dir);
/* Local, under the lock. Removes what betafield wrote there, and nothing else. */
BF_MUST_USE bf_status bf_folder_clear(const char *dir);
/* Local, under the lock. Removes what runs that were killed had begun to write (it ends in ".tmp"), and nothing of anyone else. */
void bf_folder_sweep(const char *dir);
/* configs/c0007<suffix> under dir. */
BF_MUST_USE bf_status bf_folder_config(const char *dir, int id, const char *suffix, char *out, size_t size);
/* Local. Whether a configuration can go on from where it was saved. */
bool bf_folder_has_checkpoint(const char *dir, int id);
#endif
