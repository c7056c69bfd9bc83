/* data.path as roles: which file is the training array, the test array, their labels. */
#ifndef BF_DATA_ROLES_H
#define BF_DATA_ROLES_H
#include "data/options.h"
#include "base/status.h"

typedef enum bf_role { BF_ROLE_TRAIN, BF_ROLE_TEST, BF_ROLE_TRAIN_LABELS, BF_ROLE_TEST_LABELS, BF_ROLES } bf_role;

/* Local. path[role] borrows from p and is NULL when nobody plays the role. `labels` means train_labels; beside a test array without
 * test_labels that one file holds the labels of the training array and, after them, of the test array. Plain paths are left to the
 * caller; BF_E_INPUT for unknown or repeated roles, or roles mixed with plain paths. */
BF_MUST_USE bf_status bf_roles_of(const bf_paths *p, const char *path[BF_ROLES]);
/* Local. Such a file has n labels: BF_E_FORMAT unless every sample of both arrays has one. */
BF_MUST_USE bf_status bf_roles_count_labels(const char *labels, int64_t n, int64_t train, int64_t test);
/* Local. True when every path is plain. */
bool bf_roles_plain(const bf_paths *p);
#endif
