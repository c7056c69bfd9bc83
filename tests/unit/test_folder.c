/* What betafield removes from a study's folder: its own files, whatever else lies there. */
#include "farm/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scratch.h"

static const char *const ours[] = { "study.h5", "data.h5", "study.yaml", "log.txt", "log.jsonl", "progress.json", "STOP", "configs/c0000.h5",
                                    "configs/c12345.failed-1.h5", "checkpoints/c0000.h5", "checkpoints/c0000.prev.h5" };
static const char *const left_behind[] = { "study.h5.6e1d.tmp", "progress.json.6e1d.tmp", "configs/c0000.h5.6e1d.tmp", "checkpoints/c0000.h5.6e1d.tmp" };
static const char *const anyones[] = { "notes.tmp", "study.tmp", "packed.h5.6e1d.tmp", "study.h5.bak", "weights.h5", ".lock", "configs/c07.h5",
                                       "configs/notes.txt", "checkpoints/best.h5" };

#define ALL(list) list, (int)(sizeof list / sizeof *list)

static void put(const char *dir, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) scratch_write(dir, names[i], "x", 1);
}

static void expect(const char *dir, const char *const *names, int n, bool there)
{
    char path[512];
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (bf_file_exists(path) != there) fail_msg("%s is %s", names[i], there ? "gone" : "still there");
    }
}

static void fill(char dir[128])
{
    scratch_make(dir);
    assert_int_equal(bf_folder_create(dir).code, BF_OK);
    put(dir, ALL(ours));
    put(dir, ALL(left_behind));
    put(dir, ALL(anyones));
}

static void test_folder__a_sweep_takes_what_killed_runs_left(void **state)
{
    (void)state;
    char dir[128];
    fill(dir);
    bf_folder_sweep(dir);
    expect(dir, ALL(ours), true);
    expect(dir, ALL(left_behind), false);
    expect(dir, ALL(anyones), true);
    scratch_remove(dir);
}

static void test_folder__a_fresh_start_spares_the_files_of_others(void **state)
{
    (void)state;
    char dir[128];
    fill(dir);
    assert_int_equal(bf_folder_clear(dir).code, BF_OK);
    expect(dir, ALL(ours), false);
    expect(dir, ALL(anyones), true);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder__a_sweep_takes_what_killed_runs_left),
        cmocka_unit_test(test_folder__a_fresh_start_spares_the_files_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
