/* oneDNN's C interface as its nodes use it: a task is one primitive with memory objects that are bound to addresses when it runs. */
#ifndef BF_NN_ONEDNN_LIBRARY_H
#define BF_NN_ONEDNN_LIBRARY_H
#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>

#define BF_DNNL_ARGS 4

typedef struct bf_dnnl {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    bool         *short_of_memory;                  /* borrowed: set when a call below failed for want of memory, not of a kernel */
} bf_dnnl;
/* Local. False when the library refuses; closing what was not opened is fine. */
bool bf_dnnl_open(bf_dnnl *d, bool *short_of_memory);
void bf_dnnl_close(bf_dnnl *d);

typedef struct bf_dnnl_task {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t      primitive;                /* NULL: there is none */
    int                   args;
    dnnl_exec_arg_t       arg[BF_DNNL_ARGS + 1];    /* scratch is the last */
    size_t                scratch;                  /* bytes, 64-byte aligned */
} bf_dnnl_task;

/* What is done to a product on its way out. */
typedef struct bf_dnnl_after {
    bool  adds;                 /* to what is there */
    bool  leaks;                /* and then x < 0 is multiplied */
    float leak;
} bf_dnnl_after;

/* Local. A primitive for op, whose arguments are passed in the order of `which` (DNNL_ARG_..., ends with 0). hint: of a backward
 * convolution, else NULL. False, leaving nothing behind, when there is no primitive or only the library's plain reference. */
bool bf_dnnl_task_create(const bf_dnnl *d, const_dnnl_op_desc_t op, const bf_dnnl_after *after, const_dnnl_primitive_desc_t hint, const int *which,
                         bf_dnnl_task *out);
/* Local. A copy from one layout and element type to another. */
bool bf_dnnl_copy_create(const bf_dnnl *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, bool adds, bf_dnnl_task *out);
void bf_dnnl_task_destroy(bf_dnnl_task *t);
/* Local. The forward description that a backward convolution asks for; false when there is none. Destroying NULL is fine. */
bool bf_dnnl_hint_create(const bf_dnnl *d, const_dnnl_op_desc_t op, dnnl_primitive_desc_t *out);
void bf_dnnl_hint_destroy(dnnl_primitive_desc_t hint);
/* The description of argument i, borrowed from the task. */
const dnnl_memory_desc_t *bf_dnnl_task_arg(const bf_dnnl_task *t, int i);
/* address (args) in the order of `which`. Cannot fail: a task that runs once runs always. */
void bf_dnnl_task_run(const bf_dnnl *d, const bf_dnnl_task *t, const void *const *address, void *scratch);
#endif
