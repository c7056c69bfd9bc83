#include "store/pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/h5_read.h"
#include "store/own_files.h"
#include "store/pack_plan.h"
#include "store/pieces.h"

/* The structure is made by one rank with the serial driver: thousands of objects in a shared file cost every rank a synchronisation each.
 * Then all ranks open it with the parallel driver and move the bytes, pieces dealt out in turn, and check what they find there. */

static const int64_t PIECE = (int64_t)8 << 20;

typedef struct packing {
    const bf_comm *world;
    const char    *dir;
    char           out[BF_PATH], tmp[BF_PATH];
    bf_pack_plan   plan;
    hid_t          target, source;          /* source: the file that was opened last */
    char           source_name[40];
} packing;

static bool leads(const packing *p) { return bf_comm_rank(p->world) == 0; }

/* --- rank 0: structure ----------------------------------------------------------------------------------------------- */

static bf_status make_skeleton(packing *p, const char *tag)
{
    char study[BF_PATH];
    BF_TRY(bf_file_join(study, sizeof study, p->dir, "study.h5"));
    if (!bf_file_exists(study)) return BF_FAIL(BF_E_INPUT, "%s: there is no study.h5 in it", p->dir);
    BF_TRY(bf_own_files_spare(p->dir, p->out));
    BF_TRY(bf_file_temporary(p->tmp, sizeof p->tmp, p->out, tag));
    BF_TRY(bf_h5_prepare(p->tmp, BF_H5_SLACK));
    BF_TRY(bf_pack_skeleton(p->dir, p->tmp, &p->plan));
    return bf_fault_at(p->world, "pack.create", BF_E_IO);
}

/* Collective. */
static bf_status share_plan(packing *p)
{
    bf_status s = BF_DONE;
    bf_comm_bcast(p->world, p->tmp, sizeof p->tmp, 0);
    bf_comm_bcast(p->world, &p->plan.count, sizeof p->plan.count, 0);
    const size_t bytes = (size_t)p->plan.count * sizeof *p->plan.items;
    if (!leads(p)) p->plan.items = malloc(bytes + 1);
    if (!leads(p) && !p->plan.items) s = BF_FAIL(BF_E_MEMORY, "no memory for a plan of %lld datasets", (long long)p->plan.count);
    s = bf_comm_agree(p->world, s);
    if (!s.code) bf_comm_bcast(p->world, p->plan.items, bytes, 0);
    return s;
}

/* --- every rank: bytes ----------------------------------------------------------------------------------------------- */

static bf_status open_source(packing *p, const char *name)
{
    char path[BF_PATH];
    if (p->source >= 0 && strcmp(p->source_name, name) == 0) return BF_DONE;
    BF_TRY(bf_h5_close(&p->source, p->source_name));
    BF_TRY(bf_file_join(path, sizeof path, p->dir, name));
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, &p->source));
    snprintf(p->source_name, sizeof p->source_name, "%s", name);
    return BF_DONE;
}

/* Of a scalar the piece is everything. */
static bf_status move_piece(hid_t from, hid_t to, hid_t type, const bf_pieces *p, int64_t k, void *room)
{
    bf_status s = BF_DONE;
    hsize_t start[BF_PIECE_AXES], count[BF_PIECE_AXES];
    bf_pieces_at(p, k, start, count);
    hid_t memory = p->rank ? H5Screate_simple(p->rank, count, NULL) : H5Screate(H5S_SCALAR), there = H5Dget_space(to);
    if (p->rank) H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);
    if (H5Dread(from, type, memory, there, H5P_DEFAULT, room) < 0) s = BF_H5_FAIL(BF_E_FORMAT, from, "", "cannot read");
    else if (H5Dwrite(to, type, memory, there, H5P_DEFAULT, room) < 0) s = BF_H5_FAIL(BF_E_IO, to, "", "cannot write");
    H5Sclose(there);
    H5Sclose(memory);
    return s;
}

/* The pieces of this dataset that are ours begin at `first` and are `step` apart. */
static bf_status move_pieces(hid_t from, hid_t to, const bf_h5_span *span, int64_t first, int64_t step)
{
    hid_t type = H5Dget_type(from);
    const size_t value = H5Tget_size(type);
    const bf_pieces p = bf_pieces_cut(span->rank, span->shape, value, PIECE);
    void *room = malloc((size_t)(p.step * p.inner) * value);
    bf_status s = room ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %lld values of %zu bytes", (long long)(p.step * p.inner), value);
    for (int64_t k = first; !s.code && k < p.count; k += step) s = move_piece(from, to, type, &p, k, room);
    free(room);
    H5Tclose(type);
    return s;
}

/* Pieces are dealt out through the whole plan, so that large and small datasets even out; how many a dataset has is told well enough by its bytes. */
static bf_status move_item(packing *p, const bf_pack_item *item, int64_t *piece)
{
    const int64_t ranks = bf_comm_size(p->world), rank = bf_comm_rank(p->world);
    const int64_t mine = ((rank - *piece) % ranks + ranks) % ranks;     /* the first of them that is ours */
    *piece += item->bytes / PIECE + 1;
    if (item->bytes == 0 || (mine > 0 && item->bytes <= PIECE)) return BF_DONE;
    bf_h5_span span;
    hid_t from = H5I_INVALID_HID, to = H5I_INVALID_HID;
    bf_status s = open_source(p, item->source);
    if (!s.code && (from = H5Dopen2(p->source, item->from, H5P_DEFAULT)) < 0) s = BF_H5_FAIL(BF_E_FORMAT, p->source, item->from, "cannot be opened");
    if (!s.code) s = bf_h5_locate(from, &span);
    if (!s.code && span.bytes != item->bytes) s = BF_FAIL(BF_E_IO, "%s: %s changed while it was packed", item->source, item->from);
    if (!s.code && (to = H5Dopen2(p->target, item->to, H5P_DEFAULT)) < 0) s = BF_H5_FAIL(BF_E_IO, p->target, item->to, "cannot be opened");
    if (!s.code) s = move_pieces(from, to, &span, mine, ranks);
    if (to >= 0) H5Dclose(to);
    if (from >= 0) H5Dclose(from);
    return s;
}

static bf_status move_all(packing *p)
{
    int64_t piece = 0;
    bf_status s = bf_fault_at(p->world, "pack.write", BF_E_IO);
    for (int64_t i = 0; !s.code && i < p->plan.count; i++) s = move_item(p, &p->plan.items[i], &piece);
    bf_status closed = bf_h5_close(&p->source, p->source_name);
    return s.code ? s : closed;
}

/* Collective. */
static bf_status fill(packing *p)
{
    BF_TRY(bf_comm_agree(p->world, bf_file_seen(p->tmp)));      /* a rank that cannot open it leaves the others waiting inside MPI */
    BF_TRY(bf_comm_agree(p->world, bf_h5_open(p->tmp, true, bf_comm_mpi(p->world), &p->target)));
    bf_status s = bf_comm_agree(p->world, move_all(p));
    bf_status flushed = !s.code && H5Fflush(p->target, H5F_SCOPE_GLOBAL) < 0 ? BF_H5_FAIL(BF_E_IO, p->target, "", "cannot flush") : BF_DONE;
    bf_status closed = bf_h5_close(&p->target, p->tmp);
    if (!s.code) s = bf_comm_agree(p->world, flushed.code ? flushed : closed);
    return s;
}

/* Every dataset against its checksum, where it now lies: damage in a source shows here too. */
static bf_status check_share(const packing *p)
{
    hid_t file;
    BF_TRY(bf_h5_open(p->tmp, false, MPI_COMM_NULL, &file));
    bf_status s = BF_DONE;
    for (int64_t i = bf_comm_rank(p->world); !s.code && i < p->plan.count; i += bf_comm_size(p->world)) {
        const bf_pack_item *item = &p->plan.items[i];
        bool present;
        hid_t id = H5Dopen2(file, item->to, H5P_DEFAULT);
        s = id < 0 ? BF_H5_FAIL(BF_E_IO, file, item->to, "cannot be opened") : bf_h5_verify(id, &present);
        if (s.code == BF_E_FORMAT) s = BF_FAIL(BF_E_FORMAT, "%s: %s: %.90s", item->source, item->from, s.what);
        if (id >= 0) H5Dclose(id);
    }
    bf_status closed = bf_h5_close(&file, p->tmp);
    return s.code ? s : closed;
}

static bf_status publish(const packing *p)
{
    BF_TRY(bf_fault_at(p->world, "pack.rename", BF_E_IO));
    if (!leads(p)) return BF_DONE;
    BF_TRY(bf_h5_settle(p->tmp));
    return bf_file_publish(p->tmp, p->out);
}

bf_status bf_pack(const bf_comm *world, const char *dir, const char *out_path, const char *tag)
{
    packing p = { .world = world, .dir = dir, .target = H5I_INVALID_HID, .source = H5I_INVALID_HID };
    bf_status s = snprintf(p.out, sizeof p.out, "%s", out_path) < BF_PATH ? BF_DONE : BF_FAIL(BF_E_USAGE, "the path is too long: %.80s...", out_path);
    if (!s.code && leads(&p)) s = make_skeleton(&p, tag);
    BF_TRY_DONE(bf_comm_agree(world, s));
    BF_TRY_DONE(share_plan(&p));
    BF_TRY_DONE(fill(&p));
    BF_TRY_DONE(bf_comm_agree(world, check_share(&p)));
    s = bf_comm_agree(world, publish(&p));
done:
    if (s.code && leads(&p) && *p.tmp) unlink(p.tmp);
    free(p.plan.items);
    return s;
}
