/* One data window per node: shared where there is room, private copies where there is not, a sentence where neither fits. */
#include "comm/window.h"
#include "mpi_check.h"

#include <stdlib.h>
#include <string.h>

static void limit_shm(const char *bytes)
{
    if (bytes != NULL)
        setenv("BETAFIELD_SHM_LIMIT", bytes, 1);
    else
        unsetenv("BETAFIELD_SHM_LIMIT");
}

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 13 + i / 1000);
}

/* Fills as a data set does: a shared window in parts, a private one whole; then everyone reads everything. */
static void fill_and_read(const bf_comm *node, bf_window *w, size_t bytes)
{
    unsigned char *base = bf_window_base(w);
    size_t ranks = (size_t)bf_comm_size(node), rank = (size_t)bf_comm_rank(node);
    BF_MPI_CHECK((uintptr_t)base % 64 == 0);
    for (size_t i = bf_window_shared(w) ? rank : 0; i < bytes; i += bf_window_shared(w) ? ranks : 1)
        base[i] = byte_at(i);
    bf_window_fence(w);
    for (size_t i = 0; i < bytes; i++)
        BF_MPI_CHECK(base[i] == byte_at(i));
    bf_window_fence(w);
}

static void check_window(const bf_comm *node, size_t bytes, bool shared)
{
    bf_window *w;
    BF_MPI_OK(bf_window_create(node, bytes, &w));
    BF_MPI_CHECK(bf_window_shared(w) == shared);
    fill_and_read(node, w, bytes);
    bf_window_free(&w);
    BF_MPI_CHECK(w == NULL);
    bf_window_free(&w);
}

static void test_sizes(const bf_comm *node, bool shared)
{
    static const size_t sizes[] = { 0, 1, 63, 4096, 100001, 3000000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        check_window(node, sizes[i], shared);
}

/* Several at a time, as a study with several data sets has them. */
static void test_several(const bf_comm *node, bool shared)
{
    enum { WINDOWS = 4, BYTES = 70000 };
    bf_window *w[WINDOWS];
    for (int i = 0; i < WINDOWS; i++) {
        BF_MPI_OK(bf_window_create(node, BYTES, &w[i]));
        BF_MPI_CHECK(bf_window_shared(w[i]) == shared);
    }
    for (int i = 0; i < WINDOWS; i++)
        fill_and_read(node, w[i], BYTES);
    for (int i = WINDOWS; i-- > 0;)
        bf_window_free(&w[i]);
}

static void test_too_large_is_a_sentence(const bf_comm *node)
{
    static const size_t sizes[] = { (size_t)1 << 50, SIZE_MAX / 2 + 1, SIZE_MAX };
    for (size_t i = 0; i < 3; i++) {
        bf_window *w;
        bf_status s = bf_window_create(node, sizes[i], &w);
        BF_MPI_CHECK(s.code == BF_E_INPUT && w == NULL);
        if (i == 0)
            BF_MPI_CHECK(strstr(s.what, "1073741824.0 MiB") != NULL && strstr(s.what, "/dev/shm has") != NULL && strstr(s.what, "...") == NULL);
    }
}

static void test_limit_is_read_strictly(const bf_comm *node)
{
    static const char *const bad[] = { "lots", "-1", "10M", " 5", "99999999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bf_window *w;
        limit_shm(bad[i]);
        bf_status s = bf_window_create(node, 100, &w);
        BF_MPI_CHECK(s.code == BF_E_INPUT && w == NULL && strstr(s.what, "BETAFIELD_SHM_LIMIT") != NULL);
    }
    limit_shm(NULL);
}

int main(int argc, char **argv)
{
    bf_comm *world, *node;
    limit_shm(NULL);
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    BF_MPI_OK(bf_comm_node(world, &node));
    bool several = bf_comm_size(node) > 1;
    test_sizes(node, several);
    test_several(node, several);
    limit_shm("0");
    test_sizes(node, false);
    test_several(node, false);
    limit_shm("9100000");                           /* room for a little beside the margin of 8 MiB */
    check_window(node, 600000, several);
    check_window(node, 1000000, false);
    limit_shm(NULL);
    test_too_large_is_a_sentence(node);
    test_limit_is_read_strictly(node);
    bf_comm_free(&node);
    bf_comm_finalize(&world);
    return 0;
}
