/* What a process may still take, told by folders that look like a system: the least of what the machine and every control group leave. */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "scratch.h"

#define MIB ((uint64_t)1 << 20)

static char root[128];

static int setup(void **state)
{
    (void)state;
    scratch_make(root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(root);
    return 0;
}

/* Below root, its folder made. */
static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%.100s", root, folder);
    assert_int_equal(bf_file_mkdirs(path).code, BF_OK);
    snprintf(path, sizeof path, "%.100s/%s", folder, name);
    scratch_write(root, path, text, strlen(text));
}

static void put_machine(void)
{
    put("proc", "meminfo", "MemTotal:       8192 kB\nMemFree:           1 kB\nMemAvailable:   4096 kB\n");
}

static void test_memory__of_a_machine(void **state)
{
    (void)state;
    assert_true(bf_memory_available(root) == UINT64_MAX);
    put_machine();
    assert_true(bf_memory_available(root) == 4 * MIB);
    put("proc/self", "cgroup", "0::/\n");                   /* groups without limits */
    assert_true(bf_memory_available(root) == 4 * MIB);
}

static void test_memory__of_a_job(void **state)
{
    (void)state;
    put_machine();
    put("proc/self", "cgroup", "1:name=systemd:/elsewhere\n0::/slurm/job_7/step_0\n");
    put("sys/fs/cgroup/slurm/job_7/step_0", "memory.max", "max\n");
    put("sys/fs/cgroup/slurm/job_7/step_0", "memory.current", "1048576\n");
    assert_true(bf_memory_available(root) == 4 * MIB);
    put("sys/fs/cgroup/slurm/job_7", "memory.max", "3145728\n");
    assert_true(bf_memory_available(root) == 3 * MIB);
    put("sys/fs/cgroup/slurm/job_7", "memory.current", "2621440\n");
    assert_true(bf_memory_available(root) == MIB / 2);
    put("sys/fs/cgroup/slurm/job_7", "memory.stat", "anon 5\nfile 1048576\ninactive_file 524288\nactive_file 262144\n");
    assert_true(bf_memory_available(root) == MIB / 2 + 3 * MIB / 4);
    put("sys/fs/cgroup/slurm", "memory.max", "1048576");    /* the whole partition's */
    put("sys/fs/cgroup/slurm", "memory.current", "2097152");
    assert_true(bf_memory_available(root) == 0);
}

static void test_memory__of_a_job_in_groups_of_the_first_version(void **state)
{
    (void)state;
    put_machine();
    put("proc/self", "cgroup", "9:cpu,cpuacct:/job\n8:blkio,memory:/job\n7:memoryless:/other\n0::/unified\n");
    put("sys/fs/cgroup/memory", "memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/other", "memory.limit_in_bytes", "1\n");
    put("sys/fs/cgroup/memory/job", "memory.limit_in_bytes", "2097152\n");
    put("sys/fs/cgroup/memory/job", "memory.usage_in_bytes", "1048576\n");
    put("sys/fs/cgroup/memory/job", "memory.stat", "cache 9\ninactive_file 7\ntotal_inactive_file 4096\ntotal_active_file 4096\n");
    assert_true(bf_memory_available(root) == MIB + 8192);
}

/* A container shows its own group where the machine's outermost would be, under a path that is not there. */
static void test_memory__of_a_container(void **state)
{
    (void)state;
    put_machine();
    put("proc/self", "cgroup", "0::/docker/0123456789abcdef\n");
    put("sys/fs/cgroup", "memory.max", "2097152\n");
    assert_true(bf_memory_available(root) == 2 * MIB);
}

static void test_memory__nonsense_is_no_limit(void **state)
{
    (void)state;
    put("proc", "meminfo", "MemAvailable: lots\n");
    put("proc/self", "cgroup", "\n:\n::\n0::\n0::relative\nmemory\n1:memory\n1:memory:/a/../../b");
    put("sys/fs/cgroup/memory", "memory.limit_in_bytes", "\n-1\n");
    assert_true(bf_memory_available(root) == UINT64_MAX);
}

static void test_memory__of_this_process(void **state)
{
    (void)state;
    const uint64_t bytes = bf_memory_available("");
    assert_true(bytes > MIB && bytes < (uint64_t)1 << 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory__of_a_machine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__of_a_job, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__of_a_job_in_groups_of_the_first_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__of_a_container, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory__nonsense_is_no_limit, setup, teardown),
        cmocka_unit_test(test_memory__of_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
