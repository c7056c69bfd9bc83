/* What the oneDNN backend makes of a library that fails while a plan is built: without memory there is no plan, without a kernel the portable
 * one. The calls that may fail go through this file (the linker's --wrap). */
#include "close.h"
#include "nn/backend.h"
#include "nn/layers.h"
#include "nn/plan_state.h"
#include <oneapi/dnnl/dnnl.h>
#include <string.h>

static int countdown;                       /* calls until one fails; 0: none does */
static dnnl_status_t answer;

static bool fails(void) { return countdown > 0 && --countdown == 0; }

#define WRAP(name, parameters, arguments)                                                                                       \
    dnnl_status_t __real_##name parameters;                                                                                     \
    dnnl_status_t __wrap_##name parameters;                                                                                     \
    dnnl_status_t __wrap_##name parameters { return fails() ? answer : __real_##name arguments; }

WRAP(dnnl_engine_create, (dnnl_engine_t *out, dnnl_engine_kind_t kind, size_t index), (out, kind, index))
WRAP(dnnl_primitive_desc_create, (dnnl_primitive_desc_t *out, const_dnnl_op_desc_t op, const_dnnl_primitive_attr_t attributes, dnnl_engine_t engine,
                                  const_dnnl_primitive_desc_t hint), (out, op, attributes, engine, hint))
WRAP(dnnl_reorder_primitive_desc_create, (dnnl_primitive_desc_t *out, const dnnl_memory_desc_t *from, dnnl_engine_t engine,
                                          const dnnl_memory_desc_t *to, dnnl_engine_t other, const_dnnl_primitive_attr_t attributes),
     (out, from, engine, to, other, attributes))
WRAP(dnnl_primitive_create, (dnnl_primitive_t *out, const_dnnl_primitive_desc_t description), (out, description))
WRAP(dnnl_memory_create, (dnnl_memory_t *out, const dnnl_memory_desc_t *description, dnnl_engine_t engine, void *handle),
     (out, description, engine, handle))

enum { ROWS = 16 };

/* Builds a plan whose call number `call` fails. How many of its layers have primitives, -1 without a plan. */
static int build(int call, dnnl_status_t with, bf_status *s)
{
    const bf_conv_spec window = { .kernel = 3, .stride = 2, .pad = 1 };
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = ROWS, .lanes = 1, .backward = true }, bf_backend_find("onednn"));
    const bf_value x = bf_input(b, "x", (bf_shape){ ROWS, 8, 8, 16 }), h = bf_conv(b, bf_conv(b, x, 32, &window, "first", 1.0), 32, &window, "conv", 1.0);
    bf_loss(b, "loss", bf_dense(b, bf_dense(b, h, 513, "dense", 1.0, 0.0), 1, "last", 1.0, 0.0));
    bf_plan *plan = NULL;
    int own = 0;
    answer = with;
    countdown = call;
    *s = bf_builder_finish(&b, &plan);
    for (int i = 0; plan != NULL && i < plan->nodes; i++) own += plan->node[i].own != NULL;
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    return s->code ? -1 : own;
}

static void test_onednn_memory__without_memory_there_is_no_plan(void **state)
{
    (void)state;
    bf_status s;
    int call = 1;
    for (; build(call, dnnl_out_of_memory, &s) < 0; call++) {
        assert_int_equal(s.code, BF_E_MEMORY);
        assert_non_null(strstr(s.what, "oneDNN"));
    }
    assert_int_equal(countdown, 1);         /* the first plan that was built had no such call any more */
    assert_true(call > 20);
}

static void test_onednn_memory__without_a_kernel_there_is_the_portable_one(void **state)
{
    (void)state;
    bf_status s;
    const int all = build(0, dnnl_success, &s);
    assert_true(all >= 2);
    for (int call = 1; call <= 3; call++) {
        assert_int_equal(build(call, dnnl_unimplemented, &s), all - 1);
        assert_int_equal(s.code, BF_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_onednn_memory__without_memory_there_is_no_plan),
        cmocka_unit_test(test_onednn_memory__without_a_kernel_there_is_the_portable_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
