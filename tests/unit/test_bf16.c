/* bf16: every value there and back, rounding to nearest with ties to even, and plans whose hidden layers are narrow. */
#include "close.h"
#include "nn/backend.h"
#include "nn/bf16.h"
#include "nn/layers.h"
#include "nn/ops.h"
#include "nn/plan_state.h"
#include "vae_rig.h"
#include <stdio.h>
#include <string.h>

static float float_of(uint32_t bits) { return bf_float_of(bits); }

static void test_bf16__every_value_comes_back(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 65536; v++) {
        const float wide = bf_widen((uint16_t)v);
        if (isnan(wide)) assert_true(isnan(bf_widen(bf_narrow(wide))));
        else assert_int_equal(bf_narrow(wide), v);
    }
}

/* Between two neighbours lies a tie, which goes to the even one; a bit to its sides decides. All positive and negative finite values. */
static void test_bf16__rounds_to_nearest_even(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 65536; v++) {
        if ((v & 0x7fffu) >= 0x7f80u) continue;
        const uint32_t bits = v << 16;
        assert_int_equal(bf_narrow(float_of(bits | 0x7fffu)), v);
        assert_int_equal(bf_narrow(float_of(bits | 0x8000u)), v + (v & 1u));
        assert_int_equal(bf_narrow(float_of(bits | 0x8001u)), v + 1);      /* beyond the largest: infinity */
    }
}

static void test_bf16__infinities_and_nans_stay(void **state)
{
    (void)state;
    assert_int_equal(bf_narrow(INFINITY), 0x7f80);
    assert_int_equal(bf_narrow(-INFINITY), 0xff80);
    for (uint32_t low = 1; low < 0x10000u; low <<= 1) {         /* a NaN whose upper half alone would be an infinity */
        assert_true(isnan(bf_widen(bf_narrow(float_of(0x7f800000u | low)))));
        assert_true(isnan(bf_widen(bf_narrow(float_of(0xff800000u | low)))));
    }
}

static void test_bf16__arrays_are_like_values(void **state)
{
    (void)state;
    enum { N = 37 };
    float wide[N], back[N];
    uint16_t narrow[N];
    for (int i = 0; i < N; i++) wide[i] = (float)(sin(0.7 * i) * pow(10.0, i % 9 - 4));
    bf_narrow_all(wide, narrow, N);
    bf_widen_all(narrow, back, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(narrow[i], bf_narrow(wide[i]));
        BF_CHECK_NEAR((double)back[i], (double)wide[i], fabs((double)wide[i]) / 256.0);
    }
}

/* --- casts ------------------------------------------------------------------------------------------------------- */

/* Three layers read x in bf16, two statistics read the first one's output in f32. */
static void test_bf16__a_value_is_cast_once_for_all_that_read_it(void **state)
{
    (void)state;
    int casts = 0;
    bf_plan *plan;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 4, .lanes = 1, .backward = true, .narrow = true }, &bf_backend_portable);
    const bf_value x = bf_input(b, "x", bf_shape_flat(4, 3)), h = bf_dense(b, x, 5, "first", 1.0, 0.0);
    bf_column_moments(b, h, "one");
    bf_column_moments(b, h, "two");
    bf_loss(b, "a", bf_wide(b, bf_dense(b, x, 1, "second", 1.0, 0.0)));
    bf_loss(b, "b", bf_wide(b, bf_dense(b, bf_concat(b, bf_dense(b, x, 2, "third", 1.0, 0.0), h), 1, "last", 1.0, 0.0)));
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    for (int i = 0; i < plan->nodes; i++) casts += plan->node[i].op == &bf_op_cast;
    assert_int_equal(casts, 2);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

/* --- whole models ------------------------------------------------------------------------------------------------ */

static double norm(const float *v, const float *minus, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += ((double)v[i] - (minus ? (double)minus[i] : 0.0)) * ((double)v[i] - (minus ? (double)minus[i] : 0.0));
    return sqrt(sum);
}

enum { MODEL_ROWS = 16, MODEL_LANES = 2 };

/* The same model on the same data, its hidden layers in bf16. */
static vae_rig narrow_rig(const vae_rig *wide, const bf_backend *backend)
{
    vae_rig r = vae_rig_create(&wide->options, BF_VAE_TRAIN, backend, MODEL_ROWS, MODEL_LANES, 0);
    const bf_vae_data d = { .dims = 1, .shape = { RIG_WIDTH }, .width = RIG_WIDTH, .variance = 0.1 };
    const bf_plan_shape shape = { .rows = MODEL_ROWS, .lanes = MODEL_LANES, .backward = true, .narrow = true };
    bf_vae_destroy(&r.vae);
    const bf_status s = bf_vae_build(&r.options, &d, BF_VAE_TRAIN, &shape, backend, 3, r.params, &r.vae);
    if (s.code) fail_msg("%s", s.what);
    for (int l = 0; l < MODEL_LANES; l++)
        memcpy(bf_plan_value(r.vae.plan, l, r.vae.x), bf_plan_value(wide->vae.plan, l, wide->vae.x), MODEL_ROWS * RIG_WIDTH * sizeof(float));
    return r;
}

static void check_model(const bf_backend *backend, const char *activation)
{
    bf_vae_options o = vae_rig_options();
    o.hidden.at[0] = 64;
    o.hidden.at[1] = 48;
    o.latent = 5;
    snprintf(o.activation, sizeof o.activation, "%s", activation);
    vae_rig wide = vae_rig_create(&o, BF_VAE_TRAIN, backend, MODEL_ROWS, MODEL_LANES, 0), narrow = narrow_rig(&wide, backend);
    vae_rig_run(&wide, MODEL_ROWS);
    vae_rig_run(&narrow, MODEL_ROWS);
    BF_CHECK_NEAR(vae_rig_loss(&narrow), vae_rig_loss(&wide), 0.01 * fabs(vae_rig_loss(&wide)));
    assert_true(vae_rig_loss(&narrow) != vae_rig_loss(&wide));
    for (int s = 0; s < bf_params_slots(wide.params); s++) {
        const bf_slot *slot = bf_params_at(wide.params, s);
        const float *a = (const float *)narrow.grads + slot->offset, *b = (const float *)wide.grads + slot->offset;
        if (!(norm(a, b, slot->count) <= 0.06 * norm(b, NULL, slot->count)))
            fail_msg("%s, %s: the gradient of %s is off by %g of its norm", backend->name, activation, slot->name,
                     norm(a, b, slot->count) / norm(b, NULL, slot->count));
    }
    vae_rig_destroy(&wide);
    vae_rig_destroy(&narrow);
}

static void test_bf16__gradients_of_a_model_are_those_of_f32_but_for_rounding(void **state)
{
    (void)state;
    static const char *const activations[] = { "relu", "tanh", "leaky-relu" };
    for (int i = 0; i < 3; i++) {
        check_model(&bf_backend_portable, activations[i]);
        if (bf_backend_find("onednn") != NULL) check_model(bf_backend_find("onednn"), activations[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bf16__every_value_comes_back),
        cmocka_unit_test(test_bf16__rounds_to_nearest_even),
        cmocka_unit_test(test_bf16__infinities_and_nans_stay),
        cmocka_unit_test(test_bf16__arrays_are_like_values),
        cmocka_unit_test(test_bf16__a_value_is_cast_once_for_all_that_read_it),
        cmocka_unit_test(test_bf16__gradients_of_a_model_are_those_of_f32_but_for_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
