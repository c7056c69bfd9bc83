/* How the values of a dataset are cut into pieces that one transfer moves. MPI counts in int, and some of what lies between HDF5 and the disk still does
 * inside: there no transfer is longer than 1 GiB. (The serial driver needs no help; it goes on where the system stops, and reads are serial.)
 * Local arithmetic; private to the room. */
#ifndef BF_STORE_PIECES_H
#define BF_STORE_PIECES_H
#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

#define BF_PIECE_BYTES ((int64_t)1 << 30)
#define BF_PIECE_AXES 32

/* A piece has `step` indices of one axis (the last one along it what is left), one of each axis before it and all of those behind it: its values
 * follow one another. */
typedef struct bf_pieces {
    int     rank, axis;
    int64_t shape[BF_PIECE_AXES], step;
    int64_t along;              /* pieces along the axis */
    int64_t inner;              /* values behind one index of it */
    int64_t count;              /* pieces: 1 for a scalar, 0 where there are no values */
} bf_pieces;

/* Pieces of at most `most` bytes, and never less than a value of `value` bytes. rank <= BF_PIECE_AXES; the product of shape (rank) is a size that exists. */
bf_pieces bf_pieces_cut(int rank, const hsize_t *shape, size_t value, int64_t most);
/* Where piece k begins and how far it goes, both (rank). Returns how many values come before it. */
int64_t bf_pieces_at(const bf_pieces *p, int64_t k, hsize_t *start, hsize_t *count);
#endif
