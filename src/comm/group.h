/* What a group of ranks is made of. Private to the room: everybody else goes through comm.h. */
#ifndef BF_COMM_GROUP_H
#define BF_COMM_GROUP_H
#include "comm/comm.h"

struct bf_comm {
    MPI_Comm       mpi;
    int            rank, size, world_rank;
    bf_fault_plan *faults;                  /* borrowed; NULL in the product */
    int64_t       *bytes;                   /* (size) for gathers of unequal pieces: allocated once, so that gathering cannot fail */
    int           *counts, *displacements;  /* (size) the same as MPI wants them */
};

/* MPI counts in int, so what is longer travels in pieces. Tests compile the room with a tiny piece. */
#ifndef BF_COMM_PIECE
#define BF_COMM_PIECE ((size_t)1 << 30)
#endif

/* Tags of our own; callers use smaller ones. */
enum { BF_TAG_TREE = 32001, BF_TAG_GATHER = 32002 };

static inline int bf_comm_piece(size_t left)
{
    return (int)(left < BF_COMM_PIECE ? left : BF_COMM_PIECE);
}
#endif
