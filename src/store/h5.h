/* HDF5 files as this room opens, prepares and closes them, and its error stack as a sentence. Private to the room.
 *
 * HDF5 does not survive a failing write of its metadata: under mpio H5Fclose then leaves the file half open and MPI_Finalize ends in a
 * segmentation fault (measured, 1.10.8 with Open MPI 4.1.4). So it never meets a full disk here: a file starts as an empty image written by
 * plain write(2), its blocks are reserved by fallocate(2) before HDF5 uses them, and a refusal is a status long before a close. */
#ifndef BF_STORE_H5_H
#define BF_STORE_H5_H
#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

#ifndef H5_HAVE_PARALLEL
#error "betafield needs an HDF5 that was built with MPI"
#endif

#define BF_H5_SLACK ((int64_t)1 << 20)      /* bytes of metadata reserved beyond what is known */
/* Links a group keeps in its header. Beyond, a heap and two trees cost more than all small groups together; and a reader that looks for
 * the name of a scale walks the file in this order, where the root's scales come first. */
#define BF_H5_COMPACT 64

/* Local. "FILE: OBJECT/NAME: DOING: what HDF5 said", file and object being those of `at`; without one (H5I_INVALID_HID) name is the file's. */
bf_status bf_h5_error(const char *source, int line, bf_code code, hid_t at, const char *name, const char *doing);
#define BF_H5_FAIL(code, at, name, doing) bf_h5_error(__FILE__, __LINE__, (code), (at), (name), (doing))

/* Local. Creates or truncates path: an empty HDF5 file with `bytes` reserved for what will come. */
BF_MUST_USE bf_status bf_h5_prepare(const char *path, int64_t bytes);
/* Local. Makes sure that the file can grow to `bytes`; its length stays. */
BF_MUST_USE bf_status bf_h5_reserve(const char *path, int64_t bytes);
/* Local. Gives back what was reserved and not used, once the file is closed. */
BF_MUST_USE bf_status bf_h5_settle(const char *path);

/* An existing file. team MPI_COMM_NULL: Local, serial driver; else collective over team, mpio (never a cartesian communicator).
 * Failing is BF_E_IO where the system refused, BF_E_FORMAT where the file is not whole. */
BF_MUST_USE bf_status bf_h5_open(const char *path, bool write, MPI_Comm team, hid_t *out);
/* Local. A file in memory, and the writing of it to path with plain write(2): never half open, whatever the disk says. */
BF_MUST_USE bf_status bf_h5_memory(hid_t *out);
BF_MUST_USE bf_status bf_h5_save(hid_t file, const char *path);
/* Collective over the file's team. Objects still open are an error (close degree SEMI). Accepts H5I_INVALID_HID. */
BF_MUST_USE bf_status bf_h5_close(hid_t *file, const char *path);

hid_t bf_h5_type(bf_type type);             /* as stored: little endian. Not to be closed. */
#endif
