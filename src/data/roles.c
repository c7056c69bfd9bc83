#include "data/roles.h"

#include <stddef.h>
#include <string.h>

static const char *const names[BF_ROLES] = { "train", "test", "train_labels", "test_labels" };

bool bf_roles_plain(const bf_paths *p)
{
    for (int i = 0; i < p->count; i++)
        if (p->role[i][0])
            return false;
    return true;
}

static int role_of(const char *name)
{
    if (!strcmp(name, "labels"))
        return BF_ROLE_TRAIN_LABELS;
    for (int r = 0; r < BF_ROLES; r++)
        if (!strcmp(name, names[r]))
            return r;
    return -1;
}

bf_status bf_roles_count_labels(const char *labels, int64_t n, int64_t train, int64_t test)
{
    if (n == train + test)
        return BF_DONE;
    return BF_FAIL(BF_E_FORMAT, "%s: %lld labels for %lld training and then %lld test samples; test_labels names a file of the latter alone",
                   labels, (long long)n, (long long)train, (long long)test);
}

bf_status bf_roles_of(const bf_paths *p, const char *path[BF_ROLES])
{
    for (int r = 0; r < BF_ROLES; r++)
        path[r] = NULL;
    for (int i = 0; i < p->count; i++) {
        const int r = role_of(p->role[i]);
        if (r < 0)
            return BF_FAIL(BF_E_INPUT, "data.path: '%s' is no role; train, test, labels (or train_labels) and test_labels are", p->role[i]);
        if (path[r])
            return BF_FAIL(BF_E_INPUT, "data.path: two files for %s", names[r]);
        path[r] = p->path[i];
    }
    if (!path[BF_ROLE_TRAIN])
        return BF_FAIL(BF_E_INPUT, "data.path: no file for train");
    if (path[BF_ROLE_TEST_LABELS] && !path[BF_ROLE_TEST])
        return BF_FAIL(BF_E_INPUT, "data.path: test_labels without test");
    if (path[BF_ROLE_TEST_LABELS] && !path[BF_ROLE_TRAIN_LABELS])
        return BF_FAIL(BF_E_INPUT, "data.path: labels for one part only; give labels and test_labels, or none");
    return BF_DONE;
}
