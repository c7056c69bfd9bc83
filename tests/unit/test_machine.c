/* The processor's description: every field is filled, and the widest instruction set is no narrower than what we were built for. */
#include "base/machine.h"
#include "base/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_machine__describes_this_processor(void **state)
{
    (void)state;
    bf_machine m;
    bf_machine_read(&m);
    assert_true(m.cpu[0] != '\0' && m.cpu[0] != ' ');
    assert_null(strpbrk(m.cpu, "\r\n"));
    assert_true(m.processors >= 1);
    assert_true(m.usable >= 1 && m.usable <= m.processors);
}

static void test_machine__offers_what_the_build_uses(void **state)
{
    (void)state;
    bf_machine m;
    bf_machine_read(&m);
    assert_true(m.simd >= bf_machine_built_for());
    if (m.simd >= BF_SIMD_AVX2) assert_non_null(strstr(m.features, "avx2"));
}

static void test_build__says_how_it_was_made(void **state)
{
    (void)state;
    const bf_build *b = bf_build_info();
    assert_true(b->version[0] >= '0' && b->version[0] <= '9');
    assert_true(b->git[0] != '\0' && b->compiler[0] != '\0');
    assert_non_null(strstr(b->flags, "-ffp-contract=off"));
    assert_non_null(strstr(b->libraries, "HDF5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine__describes_this_processor),
        cmocka_unit_test(test_machine__offers_what_the_build_uses),
        cmocka_unit_test(test_build__says_how_it_was_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
