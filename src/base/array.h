/* A named array in memory: what checkpoints, weights and data sets are made of on their way to and from files. */
#ifndef BF_BASE_ARRAY_H
#define BF_BASE_ARRAY_H
#include <stddef.h>
#include <stdint.h>

typedef enum bf_type { BF_TYPE_F32, BF_TYPE_F64, BF_TYPE_I64, BF_TYPE_I32, BF_TYPE_U8 } bf_type;
typedef struct bf_array { char name[80]; bf_type type; int rank; int64_t shape[4]; void *data; } bf_array;

size_t bf_type_size(bf_type type);
int64_t bf_array_count(const bf_array *a);      /* elements; -1 when the product overflows */
#endif
