/* Every row of the optimiser table against its definition in double. */
#include "close.h"
#include "nn/optimizer.h"
#include "twins/twin.h"
#include <string.h>

enum { FIRST = 37, SECOND = 5, STEPS = 30, MAX_SIZE = 64 };

static bf_params *two_slots(void)
{
    bf_params *p = bf_params_create();
    assert_non_null(p);
    assert_int_equal(bf_params_slot(p, "weight", 1, (const int64_t[]){ FIRST }, (bf_init){ BF_INIT_NORMAL, 1.0 }, true), 0);
    assert_int_equal(bf_params_slot(p, "bias", 1, (const int64_t[]){ SECOND }, (bf_init){ BF_INIT_NORMAL, 1.0 }, false), 1);
    assert_true(bf_params_size(p) <= MAX_SIZE);
    return p;
}

typedef struct twin_state { double theta[MAX_SIZE], state[MAX_SIZE][2]; } twin_state;

static void twin_step(const char *name, const bf_optimizer_options *o, const bf_params *p, int64_t step, const float *grad, double scale, twin_state *t)
{
    for (int s = 0; s < bf_params_slots(p); s++) {
        const bf_slot *slot = bf_params_at(p, s);
        for (size_t i = slot->offset; i < slot->offset + slot->count; i++)
            bf_twin_optimizer(name, o, slot->decays ? o->weight_decay : 0.0, step, &t->theta[i], scale * (double)grad[i], t->state[i]);
    }
}

static void check(const char *name, const bf_optimizer_options *given, double scale)
{
    bf_optimizer_options moving = *given, *o = &moving;
    bf_params *p = two_slots();
    const bf_optimizer *opt = bf_optimizer_find(name);
    assert_non_null(opt);
    float theta[MAX_SIZE], grad[MAX_SIZE] = { 0 }, state[2 * MAX_SIZE] = { 0 };
    twin_state t;
    memset(&t, 0, sizeof t);
    bf_params_init(p, 9, theta);
    for (size_t i = 0; i < bf_params_size(p); i++) t.theta[i] = (double)theta[i];
    for (int64_t step = 1; step <= STEPS; step++) {
        for (int s = 0; s < 2; s++)
            for (size_t i = 0; i < bf_params_at(p, s)->count; i++)
                grad[bf_params_at(p, s)->offset + i] = sinf((float)(step * 3 + (int64_t)i)) * powf(10.0f, (float)(i % 5) - 3.0f);
        twin_step(name, o, p, step, grad, scale, &t);
        const bf_range all = { 0, bf_params_size(p) };
        bf_optimizer_begin(o, given->lr, step);
        assert_true(bf_optimizer_apply(opt, o, p, scale, all, theta, grad, state, all.count));
    }
    for (size_t i = 0; i < bf_params_size(p); i++) BF_CHECK_NEAR((double)theta[i], t.theta[i], 2e-6 * (1.0 + fabs(t.theta[i])));
    BF_CHECK_NEAR((double)theta[FIRST + 1], 0.0, 0.0);        /* the gap stays zero */
    bf_params_destroy(&p);
}

static void test_optimizer__rows_match_their_definitions(void **state)
{
    (void)state;
    const bf_optimizer_options plain = { .lr = 1e-2, .momentum = 0.0, .weight_decay = 0.0, .epsilon = 1e-8, .betas = { 0.9, 0.999 } };
    bf_optimizer_options full = plain;
    full.momentum = 0.9;
    full.weight_decay = 0.05;
    for (int i = 0; bf_optimizer_names[i] != NULL; i++) {
        assert_string_equal(bf_optimizer_find(bf_optimizer_names[i])->name, bf_optimizer_names[i]);
        check(bf_optimizer_names[i], &plain, 1.0);
        check(bf_optimizer_names[i], &full, 1.0);
        check(bf_optimizer_names[i], &full, 0.25);
    }
    assert_null(bf_optimizer_find("lion"));
}

/* Adam's first step is lr whatever the gradient's size: the bias correction at work. */
static void test_optimizer__adam_first_step_is_the_rate(void **state)
{
    (void)state;
    bf_optimizer_options o = { .epsilon = 1e-8, .betas = { 0.9, 0.999 } };
    float theta[1] = { 1.0f }, state_of[2] = { 0 };
    const float grad[1] = { 1e-3f };
    bf_optimizer_begin(&o, 0.5, 1);
    bf_optimizer_find("adam")->step(&o, 0.0, 1.0f, 1, theta, grad, state_of, 1);
    BF_CHECK_NEAR((double)theta[0], 0.5, 1e-5);
}

/* Slices of a vector give the bits of the whole: the state may be sharded. */
static void test_optimizer__slices_give_the_same_bits(void **state)
{
    (void)state;
    enum { N = 61 };
    bf_optimizer_options o = { .momentum = 0.9, .epsilon = 1e-8, .betas = { 0.9, 0.999 } };
    float grad[N], whole[N], parts[N], s1[2 * N] = { 0 }, s2[2 * N] = { 0 };
    for (int i = 0; i < N; i++) {
        grad[i] = cosf((float)i);
        whole[i] = parts[i] = sinf((float)i);
    }
    bf_optimizer_begin(&o, 1e-2, 1);
    for (int k = 0; bf_optimizer_names[k] != NULL; k++) {
        const bf_optimizer *opt = bf_optimizer_find(bf_optimizer_names[k]);
        assert_true(opt->step(&o, 0.01, 1.0f, N, whole, grad, s1, N));
        assert_true(opt->step(&o, 0.01, 1.0f, 16, parts, grad, s2, N));
        assert_true(opt->step(&o, 0.01, 1.0f, N - 16, parts + 16, grad + 16, s2 + 16, N));
        for (int i = 0; i < N; i += 7) {
            const float kept = grad[i];
            grad[i] = i % 2 ? INFINITY : NAN;
            assert_false(opt->step(&o, 0.01, 1.0f, N, (float[N]){ 0 }, grad, (float[2 * N]){ 0 }, N));
            grad[i] = kept;
        }
        assert_memory_equal(whole, parts, sizeof whole);
        assert_memory_equal(s1, s2, sizeof s1);
    }
}

static void test_optimizer__squares_by_blocks_whoever_has_them(void **state)
{
    (void)state;
    enum { BLOCKS = 4, N = 3 * 4096 + 77 };
    static float v[N];
    double whole[BLOCKS], shared[BLOCKS];
    for (int i = 0; i < N; i++) v[i] = sinf((float)i);
    bf_square_blocks(v, N, whole);
    for (int k = 0; k < BLOCKS; k++) {
        double sum = 0.0;
        for (int i = (int)BF_NORM_BLOCK * k; i < (int)BF_NORM_BLOCK * (k + 1) && i < N; i++) sum += (double)v[i] * (double)v[i];
        BF_CHECK_NEAR(whole[k], sum, 1e-12 * sum);
    }
    bf_square_blocks(v, 2 * BF_NORM_BLOCK, shared);
    bf_square_blocks(v + 2 * BF_NORM_BLOCK, N - 2 * BF_NORM_BLOCK, shared + 2);
    assert_memory_equal(whole, shared, sizeof whole);
    bf_square_blocks(v, 0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimizer__rows_match_their_definitions),
        cmocka_unit_test(test_optimizer__adam_first_step_is_the_rate),
        cmocka_unit_test(test_optimizer__slices_give_the_same_bits),
        cmocka_unit_test(test_optimizer__squares_by_blocks_whoever_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
