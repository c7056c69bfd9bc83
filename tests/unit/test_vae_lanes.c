/* The same lanes give the same bits whoever runs them: one plan with four lanes against two plans ("ranks") with two each. */
#include "close.h"
#include "nn/tree.h"
#include "vae_rig.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 3 };

/* Two plans cannot meet in the middle of a run in one thread. So the first run of each only notes its own partial sum, and a second run
 * is told what two ranks would have agreed on. */
enum { MOST = 2 };
typedef struct meeting { double mine[2][MOST]; int rank; bool agreed; } meeting;

static void meet(void *self, const double *partials, int lanes, int count, double *total)
{
    meeting *m = self;
    assert_true(count <= MOST);
    for (int i = 0; i < count; i++) {
        m->mine[m->rank][i] = bf_tree_strided(partials + i, (size_t)count, lanes);
        total[i] = m->agreed ? m->mine[0][i] + m->mine[1][i] : 1.0;
    }
}

static void run_two(vae_rig *half, int rows)
{
    meeting m = { .rank = 0 };
    const bf_coupler coupler = { &m, meet };
    for (int pass = 0; pass < 2; pass++) {
        m.agreed = pass == 1;
        for (m.rank = 0; m.rank < 2; m.rank++) {
            half[m.rank].coupler = &coupler;
            vae_rig_run(&half[m.rank], rows);
        }
    }
}

static void compare_gradients(vae_rig *whole, vae_rig *half)
{
    float *one = whole->grads, *a = half[0].grads, *b = half[1].grads;
    bf_tree_f32(one, 4, whole->size);
    bf_tree_f32(a, 2, whole->size);
    bf_tree_f32(b, 2, whole->size);
    for (size_t i = 0; i < whole->size; i++) a[i] += b[i];
    assert_memory_equal(one, a, whole->size * sizeof *one);
}

static void compare_stats(vae_rig *whole, vae_rig *half)
{
    const size_t n = (size_t)bf_plan_stats_size(whole->vae.plan);
    assert_memory_equal(whole->stats, half[0].stats, 2 * n * sizeof(double));
    assert_memory_equal(whole->stats + 2 * n, half[1].stats, 2 * n * sizeof(double));
}

static void check(const bf_vae_options *o, int rows)
{
    vae_rig whole = vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 4, 0);
    vae_rig half[2];
    for (int k = 0; k < 2; k++) half[k] = vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 2, 2 * ROWS * k);
    whole.batch = half[0].batch = half[1].batch = 4 * rows;
    vae_rig_run(&whole, rows);
    run_two(half, rows);
    compare_stats(&whole, half);
    compare_gradients(&whole, half);
    vae_rig_destroy(&whole);
    vae_rig_destroy(&half[0]);
    vae_rig_destroy(&half[1]);
}

static void test_vae_lanes__same_bits_on_two_ranks(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    for (int i = 0; bf_likelihood_row(i) != NULL; i++) {
        const bf_likelihood *l = bf_likelihood_row(i);
        snprintf(o.likelihood, sizeof o.likelihood, "%s", l->name);
        snprintf(o.variance, sizeof o.variance, "%s", l->variance == NULL ? "fixed" : l->variance);
        check(&o, ROWS);
        check(&o, ROWS - 1);
    }
}

static void test_vae_lanes__objectives_see_the_whole_batch(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    o.free_bits = 0.3;
    check(&o, ROWS);
    check(&o, ROWS - 1);
    o.free_bits = 0.0;
    snprintf(o.objective, sizeof o.objective, "capacity");
    check(&o, ROWS);
    snprintf(o.capacity_of, sizeof o.capacity_of, "sample");
    check(&o, ROWS - 1);
}

/* A second run of the same plan remembers nothing of the first. */
static void test_vae_lanes__runs_do_not_depend_on_earlier_runs(void **state)
{
    (void)state;
    const bf_vae_options o = vae_rig_options();
    vae_rig fresh = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 2, 0);
    vae_rig used = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 2, 0);
    vae_rig_run(&fresh, ROWS);
    vae_rig_run(&used, 1);
    memset(used.stats, 0xff, (size_t)bf_plan_stats_size(used.vae.plan) * 2 * sizeof(double));
    vae_rig_run(&used, ROWS);
    assert_memory_equal(fresh.grads, used.grads, fresh.size * 2 * sizeof(float));
    assert_memory_equal(fresh.stats, used.stats, (size_t)bf_plan_stats_size(used.vae.plan) * 2 * sizeof(double));
    vae_rig_destroy(&fresh);
    vae_rig_destroy(&used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vae_lanes__same_bits_on_two_ranks),
        cmocka_unit_test(test_vae_lanes__objectives_see_the_whole_batch),
        cmocka_unit_test(test_vae_lanes__runs_do_not_depend_on_earlier_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
