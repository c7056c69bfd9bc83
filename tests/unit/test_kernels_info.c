/* The kernels' identity: stable, and a lesser BLAS core is noticed. */
#include "nn/kernels_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/machine.h"
#include "nn/backend.h"

static void test_kernels_info__identity_is_stable_and_names_the_core(void **state)
{
    (void)state;
    char a[160], b[160];
    bf_kernel_identity(&bf_backend_portable, a, sizeof a);
    bf_kernel_identity(&bf_backend_portable, b, sizeof b);
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "portable built="));
    assert_non_null(strstr(a, " blas="));
    assert_true(a[strlen(a) - 1] != '=');
}

static void test_kernels_info__a_library_is_part_of_the_identity(void **state)
{
    (void)state;
    char text[256];
    const bf_backend *library = bf_backend_find("onednn");
    bf_kernel_report(&bf_backend_portable, text, sizeof text);
    assert_null(strstr(text, "onednn"));
    if (library == NULL) skip();
    bf_kernel_identity(library, text, sizeof text);
    assert_memory_equal(text, "onednn built=", 13);
    assert_non_null(strstr(text, " onednn=2."));
    bf_kernel_report(library, text, sizeof text);
    assert_non_null(strstr(text, "; in the library: f32 "));
}

static void test_kernels_info__a_lesser_core_is_noticed(void **state)
{
    (void)state;
    /* OpenBLAS chooses its core when it is loaded: the forced choice needs a process of its own (see main). */
    bf_machine m;
    char text[256] = "";
    bf_machine_read(&m);
    bool forced = getenv("OPENBLAS_CORETYPE") != NULL;
    if (m.simd < BF_SIMD_AVX2) skip();
    assert_int_equal(bf_kernel_warning(text, sizeof text), forced);
    if (forced) assert_non_null(strstr(text, "OPENBLAS_CORETYPE=Nehalem"));
    if (forced && bf_backend_find("onednn") != NULL) assert_non_null(strstr(text, "ONEDNN_MAX_CPU_ISA=SSE41"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels_info__identity_is_stable_and_names_the_core),
        cmocka_unit_test(test_kernels_info__a_library_is_part_of_the_identity),
        cmocka_unit_test(test_kernels_info__a_lesser_core_is_noticed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed || argc > 1) return failed;
    char command[4096];
    int n = snprintf(command, sizeof command, "OPENBLAS_CORETYPE=Nehalem ONEDNN_MAX_CPU_ISA=SSE41 '%s' again", argv[0]);
    return n > 0 && (size_t)n < sizeof command && system(command) == 0 ? 0 : 1;
}
