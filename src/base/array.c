#include "base/array.h"

size_t bf_type_size(bf_type type)
{
    switch (type) {
    case BF_TYPE_F32: return 4;
    case BF_TYPE_F64: return 8;
    case BF_TYPE_I64: return 8;
    case BF_TYPE_I32: return 4;
    case BF_TYPE_U8:  return 1;
    }
    return 0;
}

int64_t bf_array_count(const bf_array *a)
{
    if (a->rank < 0 || a->rank > (int)(sizeof a->shape / sizeof a->shape[0]))
        return -1;
    int64_t count = 1;
    for (int i = 0; i < a->rank; i++)
        if (a->shape[i] < 0 || __builtin_mul_overflow(count, a->shape[i], &count))
            return -1;
    return count;
}
