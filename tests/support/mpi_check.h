/* Checks in tests of several ranks: one failure ends all of them at once, where a rank that went on alone would leave the others waiting. */
#ifndef BF_TEST_MPI_CHECK_H
#define BF_TEST_MPI_CHECK_H
#include <mpi.h>
#include <stdio.h>

#define BF_MPI_CHECK(condition)                                                                         \
    do {                                                                                                \
        if (!(condition)) {                                                                             \
            int rank_;                                                                                  \
            MPI_Comm_rank(MPI_COMM_WORLD, &rank_);                                                      \
            fprintf(stderr, "%s:%d: rank %d: not true: %s\n", __FILE__, __LINE__, rank_, #condition);   \
            MPI_Abort(MPI_COMM_WORLD, 1);                                                               \
        }                                                                                               \
    } while (0)

/* A status that has to be BF_OK. */
#define BF_MPI_OK(call)                                                                                 \
    do {                                                                                                \
        bf_status ok_ = (call);                                                                         \
        if (ok_.code)                                                                                   \
            fprintf(stderr, "%s: %s\n", ok_.where, ok_.what);                                           \
        BF_MPI_CHECK(ok_.code == BF_OK);                                                                \
    } while (0)
#endif
