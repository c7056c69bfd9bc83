#include "measure/fast_exp.h"

#include "close.h"

static void test_fast_exp__matches_the_library(void **state)
{
    (void)state;
    for (float x = -86.9f; x < 88.0f; x += 0.0137f) {
        double want = exp((double)x);
        BF_CHECK_NEAR((double)bf_fast_exp(x) / want, 1.0, 3e-7);
    }
    BF_CHECK_NEAR(bf_fast_exp(0.0f), 1.0, 0.0);
    BF_CHECK_NEAR(bf_fast_exp(-1e30f), 0.0, 1e-37);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fast_exp__matches_the_library) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
