/* Sums in a fixed tree: the bits of a serial tree on any power-of-two number of ranks, for short and long vectors. */
#include "comm/comm.h"
#include "mpi_check.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 300007 };
static const size_t sizes[] = { 0, 1, 2, 3, 7, 33, 4096, 8191, 8192, 8193, 8195, 12288, 12289, 100003, MOST };

/* Numbers of many magnitudes and both signs, so that the order of additions shows; a function of rank and index. */
static double value(int rank, size_t i)
{
    uint64_t h = ((uint64_t)rank * 1000003 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    h ^= h >> 32;
    double unit = (double)(h >> 11) * 0x1p-53 - 0.5;
    return unit * (double)(UINT64_C(1) << (h & 15));
}

static float tree_f32(int ranks, size_t i)
{
    float v[64];
    for (int r = 0; r < ranks; r++)
        v[r] = (float)value(r, i);
    for (int distance = 1; distance < ranks; distance *= 2)
        for (int r = 0; r < ranks; r += 2 * distance)
            v[r] = v[r] + v[r + distance];
    return v[0];
}

static double tree_f64(int ranks, size_t i)
{
    double v[64];
    for (int r = 0; r < ranks; r++)
        v[r] = value(r, i);
    for (int distance = 1; distance < ranks; distance *= 2)
        for (int r = 0; r < ranks; r += 2 * distance)
            v[r] = v[r] + v[r + distance];
    return v[0];
}

static float left_to_right(int ranks, size_t i)
{
    float sum = (float)value(0, i);
    for (int r = 1; r < ranks; r++)
        sum += (float)value(r, i);
    return sum;
}

static bool same(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n) == 0;
}

static void check_f32(const bf_comm *c, size_t n, float *v, float *scratch)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (float)value(bf_comm_rank(c), i);
    v[n] = -7.0f;
    bf_comm_tree_f32(c, v, n, scratch);
    BF_MPI_CHECK(v[n] == -7.0f);
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        float want = tree_f32(bf_comm_size(c), i), other = left_to_right(bf_comm_size(c), i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
        others += !same(&other, &want, sizeof want);
    }
    if (n > 1000 && bf_comm_size(c) >= 4)
        BF_MPI_CHECK(others > n / 20);      /* the test can tell: another order has other bits */
}

static void check_f64(const bf_comm *c, size_t n, double *v, double *scratch)
{
    for (size_t i = 0; i < n; i++)
        v[i] = value(bf_comm_rank(c), i);
    bf_comm_tree_f64(c, v, n, scratch);
    for (size_t i = 0; i < n; i++) {
        double want = tree_f64(bf_comm_size(c), i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
    }
}

/* Slices follow one another in some order, fall on grains and cover the vector once; a short vector is whole everywhere. */
static bf_slice check_slices(const bf_comm *c, size_t n, float *v)
{
    const bf_slice mine = bf_comm_slice(c, n);
    BF_MPI_CHECK(mine.first % BF_SLICE_GRAIN == 0 || mine.first == n);
    BF_MPI_CHECK(mine.count % BF_SLICE_GRAIN == 0 || mine.first + mine.count == n);
    const bool whole = bf_comm_size(c) == 1 || n <= 8192;
    BF_MPI_CHECK(!whole || (mine.first == 0 && mine.count == n));
    for (size_t i = 0; i < n; i++)
        v[i] = i >= mine.first && i - mine.first < mine.count ? 1.0f : 0.0f;
    float *scratch = malloc((n + 1) * sizeof *scratch);
    BF_MPI_CHECK(scratch != NULL);
    bf_comm_tree_f32(c, v, n, scratch);
    free(scratch);
    for (size_t i = 0; i < n; i++)
        BF_MPI_CHECK(v[i] == (whole ? (float)bf_comm_size(c) : 1.0f));
    return mine;
}

static void check_halves(const bf_comm *c, size_t n, float *v, float *scratch)
{
    const bf_slice mine = check_slices(c, n, v);
    const int ranks = bf_comm_size(c);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)value(bf_comm_rank(c), i);
    bf_comm_reduce_slices_f32(c, v, n, scratch);
    for (size_t i = mine.first; i < mine.first + mine.count; i++) {
        float want = tree_f32(ranks, i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
    }
    /* What the slice becomes in between is what everybody gets. */
    for (size_t i = mine.first; i < mine.first + mine.count; i++)
        v[i] *= 2.0f;
    bf_comm_allgather_slices_f32(c, v, n);
    for (size_t i = 0; i < n; i++) {
        float want = 2.0f * tree_f32(ranks, i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
    }
}

/* To rank 0 and back; a rank keeps its own slice and may have anything in the rest. */
static void check_gather_and_scatter(const bf_comm *c, size_t n, float *v)
{
    const bf_slice mine = bf_comm_slice(c, n);
    for (size_t i = 0; i < n; i++)
        v[i] = i >= mine.first && i - mine.first < mine.count ? (float)value(1, i) : -3.0f;
    bf_comm_gather_slices_f32(c, v, n);
    for (size_t i = 0; bf_comm_rank(c) == 0 && i < n; i++) {
        float want = (float)value(1, i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
        v[i] = (float)value(2, i);
    }
    bf_comm_scatter_slices_f32(c, v, n);
    for (size_t i = mine.first; i < mine.first + mine.count; i++) {
        float want = (float)value(2, i);
        BF_MPI_CHECK(same(&v[i], &want, sizeof want));
    }
}

static void check_grains(const bf_comm *c, size_t n, double *v)
{
    const bf_slice mine = bf_comm_slice(c, n);
    const size_t grains = (n + BF_SLICE_GRAIN - 1) / BF_SLICE_GRAIN, first = (mine.first + BF_SLICE_GRAIN - 1) / BF_SLICE_GRAIN;
    for (size_t g = 0; g <= grains; g++)
        v[g] = -1.0;
    for (size_t g = first; g < first + (mine.count + BF_SLICE_GRAIN - 1) / BF_SLICE_GRAIN; g++)
        v[g] = value(3, g);
    bf_comm_allgather_grains_f64(c, v, n);
    for (size_t g = 0; g < grains; g++) {
        double want = value(3, g);
        BF_MPI_CHECK(same(&v[g], &want, sizeof want));
    }
    BF_MPI_CHECK(v[grains] == -1.0);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    void *v = malloc((MOST + 1) * sizeof(double)), *scratch = malloc(MOST * sizeof(double));
    BF_MPI_CHECK(v != NULL && scratch != NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_f32(world, sizes[i], v, scratch);
        check_f64(world, sizes[i], v, scratch);
        check_halves(world, sizes[i], v, scratch);
        check_gather_and_scatter(world, sizes[i], v);
        check_grains(world, sizes[i], v);
    }
    free(v);
    free(scratch);
    bf_comm_finalize(&world);
    return 0;
}
