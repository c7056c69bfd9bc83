/* Scratch memory is the caller's (user mode), so that a step allocates nothing of its own. */
#include "nn/onednn/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a call that may allocate went well. */
static bool went_well(const bf_dnnl *d, dnnl_status_t s)
{
    if (s == dnnl_out_of_memory) *d->short_of_memory = true;
    return s == dnnl_success;
}

bool bf_dnnl_open(bf_dnnl *d, bool *short_of_memory)
{
    *d = (bf_dnnl){ .short_of_memory = short_of_memory };
    if (!went_well(d, dnnl_engine_create(&d->engine, dnnl_cpu, 0))) return false;
    if (went_well(d, dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags))) return true;
    bf_dnnl_close(d);
    return false;
}

void bf_dnnl_close(bf_dnnl *d)
{
    if (d->stream != NULL) dnnl_stream_destroy(d->stream);
    if (d->engine != NULL) dnnl_engine_destroy(d->engine);
    d->stream = NULL;
    d->engine = NULL;
}

/* --- making tasks ------------------------------------------------------------------------------------------------ */

static bool make_attributes(const bf_dnnl *d, const bf_dnnl_after *after, dnnl_primitive_attr_t *out)
{
    dnnl_post_ops_t ops = NULL;
    bool good = went_well(d, dnnl_primitive_attr_create(out));
    if (!good) return false;
    good = went_well(d, dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user)) && went_well(d, dnnl_post_ops_create(&ops));
    if (good && after != NULL && after->adds) good = went_well(d, dnnl_post_ops_append_sum(ops, 1.0f));
    if (good && after != NULL && after->leaks)
        good = went_well(d, dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, after->leak, 0.0f));
    if (good) good = went_well(d, dnnl_primitive_attr_set_post_ops(*out, ops));
    if (ops != NULL) dnnl_post_ops_destroy(ops);
    if (!good) dnnl_primitive_attr_destroy(*out);
    return good;
}

/* The library's reference kernels are written for clarity. */
static bool is_plain_reference(const_dnnl_primitive_desc_t description)
{
    const char *name = NULL;
    return dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name) != dnnl_success || name == NULL || strstr(name, "ref") != NULL;
}

static bool add_memory(const bf_dnnl *d, bf_dnnl_task *t, int which, const dnnl_memory_desc_t *m)
{
    t->arg[t->args].arg = which;
    return m != NULL && went_well(d, dnnl_memory_create(&t->arg[t->args].memory, m, d->engine, DNNL_MEMORY_NONE)) && ++t->args > 0;
}

/* Takes the description over. */
static bool complete(const bf_dnnl *d, const int *which, bf_dnnl_task *t)
{
    bool good = !is_plain_reference(t->description) && went_well(d, dnnl_primitive_create(&t->primitive, t->description));
    for (int i = 0; good && which[i] != 0; i++)
        good = add_memory(d, t, which[i], dnnl_primitive_desc_query_md(t->description, dnnl_query_exec_arg_md, which[i]));
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(t->description, dnnl_query_scratchpad_md, 0);
    good = good && add_memory(d, t, DNNL_ARG_SCRATCHPAD, scratch);
    if (good) t->scratch = dnnl_memory_desc_get_size(scratch);
    if (!good) bf_dnnl_task_destroy(t);
    return good;
}

bool bf_dnnl_task_create(const bf_dnnl *d, const_dnnl_op_desc_t op, const bf_dnnl_after *after, const_dnnl_primitive_desc_t hint, const int *which,
                         bf_dnnl_task *out)
{
    dnnl_primitive_attr_t attributes;
    *out = (bf_dnnl_task){ .primitive = NULL };
    if (!make_attributes(d, after, &attributes)) return false;
    const bool good = went_well(d, dnnl_primitive_desc_create(&out->description, op, attributes, d->engine, hint));
    dnnl_primitive_attr_destroy(attributes);
    return good && complete(d, which, out);
}

bool bf_dnnl_copy_create(const bf_dnnl *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, bool adds, bf_dnnl_task *out)
{
    static const int which[] = { DNNL_ARG_FROM, DNNL_ARG_TO, 0 };
    dnnl_primitive_attr_t attributes;
    *out = (bf_dnnl_task){ .primitive = NULL };
    if (!make_attributes(d, &(bf_dnnl_after){ .adds = adds }, &attributes)) return false;
    const bool good = went_well(d, dnnl_reorder_primitive_desc_create(&out->description, from, d->engine, to, d->engine, attributes));
    dnnl_primitive_attr_destroy(attributes);
    return good && complete(d, which, out);
}

void bf_dnnl_task_destroy(bf_dnnl_task *t)
{
    for (int i = 0; i < t->args; i++) dnnl_memory_destroy(t->arg[i].memory);
    if (t->primitive != NULL) dnnl_primitive_destroy(t->primitive);
    if (t->description != NULL) dnnl_primitive_desc_destroy(t->description);
    *t = (bf_dnnl_task){ .primitive = NULL };
}

bool bf_dnnl_hint_create(const bf_dnnl *d, const_dnnl_op_desc_t op, dnnl_primitive_desc_t *out)
{
    return went_well(d, dnnl_primitive_desc_create(out, op, NULL, d->engine, NULL));
}

void bf_dnnl_hint_destroy(dnnl_primitive_desc_t hint)
{
    if (hint != NULL) dnnl_primitive_desc_destroy(hint);
}

const dnnl_memory_desc_t *bf_dnnl_task_arg(const bf_dnnl_task *t, int i)
{
    return dnnl_primitive_desc_query_md(t->description, dnnl_query_exec_arg_md, t->arg[i].arg);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

static void must(dnnl_status_t s)
{
    if (s == dnnl_success) return;
    fprintf(stderr, "betafield: oneDNN failed in the middle of a step (status %d)\n", (int)s);
    abort();
}

void bf_dnnl_task_run(const bf_dnnl *d, const bf_dnnl_task *t, const void *const *address, void *scratch)
{
    const int last = t->args - 1;
    for (int i = 0; i < last; i++) must(dnnl_memory_set_data_handle(t->arg[i].memory, (void *)address[i]));
    must(dnnl_memory_set_data_handle(t->arg[last].memory, scratch));
    must(dnnl_primitive_execute(t->primitive, d->stream, t->args, t->arg));
}
