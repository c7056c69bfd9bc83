/* The door to MPI: groups of ranks, agreement, and sums whose order does not depend on how many ranks there are. */
#ifndef BF_COMM_COMM_H
#define BF_COMM_COMM_H
#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

typedef struct bf_comm bf_comm;

/* Faults for tests: NULL in the product. At the n-th visit of `point` by world rank `rank` the action happens. */
typedef enum bf_fault_action { BF_FAULT_FAIL, BF_FAULT_NAN, BF_FAULT_KILL } bf_fault_action;
typedef struct bf_fault { char point[40]; int rank; int nth; bf_fault_action action; int visits; } bf_fault;
typedef struct bf_fault_plan { int count; bf_fault fault[8]; } bf_fault_plan;

/* Collective over all processes. Starts MPI (only this thread enters it), own communicator. faults may be NULL, is borrowed. */
BF_MUST_USE bf_status bf_comm_init(int *argc, char ***argv, bf_fault_plan *faults, bf_comm **world);
/* Collective. Frees world and calls MPI_Finalize. */
void bf_comm_finalize(bf_comm **world);
/* Collective over world. Ends the process at once, without MPI_Finalize: where a library could not close a file, its cleaning up in there would crash. */
_Noreturn void bf_comm_leave(const bf_comm *world, int exit_code);
/* Collective over c. Members with the same color form a group, ordered by key; color < 0: *out is NULL and BF_OK. The group inherits the fault plan. */
BF_MUST_USE bf_status bf_comm_split(const bf_comm *c, int color, int key, bf_comm **out);
/* Collective over c. The ranks that share this one's memory. */
BF_MUST_USE bf_status bf_comm_node(const bf_comm *c, bf_comm **out);
void bf_comm_free(bf_comm **c);
/* Local. Ends the whole job with the status's exit code: for what would leave other ranks waiting. Does not return. */
_Noreturn void bf_comm_abort(const bf_comm *c, const bf_status *why);

int bf_comm_rank(const bf_comm *c);
int bf_comm_size(const bf_comm *c);
int bf_comm_world_rank(const bf_comm *c);
MPI_Comm bf_comm_mpi(const bf_comm *c);             /* for HDF5 and distributed linear algebra only */

/* Collective. Every rank gets the same status: the lowest rank's failure when there is one; .rank is filled in (world rank). */
BF_MUST_USE bf_status bf_comm_agree(const bf_comm *c, bf_status mine);
void bf_comm_barrier(const bf_comm *c);
void bf_comm_bcast(const bf_comm *c, void *bytes, size_t n, int root);
/* The same for what may be long in coming: ranks that wait sleep, and leave the core to others. idle(self) is called between two naps, for what else
 * such a rank has to look after; it must not be collective. n below 2 GiB. */
void bf_comm_bcast_sleeping(const bf_comm *c, void *bytes, size_t n, int root, void (*idle)(void *self), void *self);
int64_t bf_comm_max(const bf_comm *c, int64_t v);
int64_t bf_comm_sum(const bf_comm *c, int64_t v);
/* Collective. v (n) in place: integers, whose sum has no order. */
void bf_comm_sum_all(const bf_comm *c, int64_t *v, size_t n);
/* Collective. Every rank gives n bytes (n may differ); all, the concatenation in rank order, goes to root (others may pass NULL). offsets (size + 1) may be NULL. */
void bf_comm_gather(const bf_comm *c, const void *mine, size_t n, void *all, size_t *offsets, int root);
/* The same to every rank. */
void bf_comm_allgather(const bf_comm *c, const void *mine, size_t n, void *all, size_t *offsets);
/* Collective. In place: every rank has written its part of v (size, n), n floats, and gets the others'. */
void bf_comm_allgather_f32(const bf_comm *c, float *v, size_t n);
/* Collective. In place, size must be a power of two: pairwise tree, neighbour first, distance doubling, so that the result is
 * ((v0+v1)+(v2+v3))+... bit for bit, whatever the transport. scratch (n) is the caller's. Large vectors: reduce-scatter and allgather with the same tree per element. */
void bf_comm_tree_f32(const bf_comm *c, float *restrict v, size_t n, float *restrict scratch);
void bf_comm_tree_f64(const bf_comm *c, double *restrict v, size_t n, double *restrict scratch);
/* The same sum in two halves, for work that can be shared: between them every rank holds and treats one slice of the vector. Slices are
 * multiples of BF_SLICE_GRAIN elements (the vector's end aside); a short vector is everybody's slice, whole: sending it twice costs more
 * than treating it everywhere. c, n and nothing else decide. */
#define BF_SLICE_GRAIN 4096
typedef struct bf_slice { size_t first, count; } bf_slice;
bf_slice bf_comm_slice(const bf_comm *c, size_t n);     /* Local. This rank's, of a vector of n floats. */
/* Collective. In place, as bf_comm_tree_f32: afterwards this rank's slice of v holds the sum, the rest is lost. scratch (n). */
void bf_comm_reduce_slices_f32(const bf_comm *c, float *restrict v, size_t n, float *restrict scratch);
/* Collective. Every rank's slice of v reaches every rank, or rank 0 alone; scatter is the way back. What a rank does not get stays as it was. */
void bf_comm_allgather_slices_f32(const bf_comm *c, float *v, size_t n);
void bf_comm_gather_slices_f32(const bf_comm *c, float *v, size_t n);
void bf_comm_scatter_slices_f32(const bf_comm *c, float *v, size_t n);
/* Collective. The same for one number per BF_SLICE_GRAIN elements of a vector of n floats. */
void bf_comm_allgather_grains_f64(const bf_comm *c, double *v, size_t n);
/* Point to point inside a group, blocking; for handing small pieces to a neighbour. 0 <= tag < 32000. Returns the bytes received. */
void bf_comm_send(const bf_comm *c, int to, int tag, const void *bytes, size_t n);
size_t bf_comm_recv(const bf_comm *c, int from, int tag, void *bytes, size_t capacity);

/* Local. BF_OK in the product. In tests: a failure of `code` that names the point, a kill, or (bf_fault_nan) a request to poison a number. */
BF_MUST_USE bf_status bf_fault_at(const bf_comm *c, const char *point, bf_code code);
bool bf_fault_nan(const bf_comm *c, const char *point);

/* What the launcher and MPI are: for `version` and provenance. */
void bf_comm_library(char *out, size_t size);
void bf_comm_host(char *out, size_t size);
#endif
