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

/* Rows first .. first+n-1; a scalar is one row. */
static bf_status move_rows(hid_t from, hid_t to, const bf_h5_span *span, hsize_t first, hsize_t n, void *room)
{
    bf_status s = BF_DONE;
    hsize_t start[32] = { first }, count[32];
    memcpy(count, span->shape, sizeof count);
    count[0] = n;
    hid_t type = H5Dget_type(from);
    hid_t memory = span->rank ? H5Screate_simple(span->rank, count, NULL) : H5Screate(H5S_SCALAR);
    hid_t there = H5Dget_space(to);
    if (span->rank) H5Sselect_hyperslab(there, H5S_SELECT_SET, start, NULL, count, NULL);
    if (H5Dread(from, type, memory, there, H5P_DEFAULT, room) < 0) s = BF_H5_FAIL(BF_E_FORMAT, from, "", "cannot read");
    else if (H5Dwrite(to, type, memory, there, H5P_DEFAULT, room) < 0) s = BF_H5_FAIL(BF_E_IO, to, "", "cannot write");
    H5Sclose(there);
    H5Sclose(memory);
    H5Tclose(type);
    return s;
}

static int64_t row_count(const bf_h5_span *span) { return span->rank ? (int64_t)span->shape[0] : 1; }

/* Pieces are numbered through the whole plan, so that large and small datasets even out. mine: the pieces of this dataset that are ours
 * begin at `first` and are bf_comm_size() apart. */
static bf_status move_pieces(hid_t from, hid_t to, const bf_h5_span *span, int64_t piece_rows, int64_t first, int64_t step)
{
    const int64_t rows = row_count(span), width = span->bytes / rows;
    void *room = malloc((size_t)((piece_rows < rows ? piece_rows : rows) * width));
    bf_status s = room ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %lld rows of %lld bytes", (long long)piece_rows, (long long)width);
    for (int64_t at = first * piece_rows; !s.code && at < rows; at += step * piece_rows)
        s = move_rows(from, to, span, (hsize_t)at, (hsize_t)(rows - at < piece_rows ? rows - at : piece_rows), room);
    free(room);
    return s;
}

static bf_status move_item(packing *p, const bf_pack_item *item, int64_t *piece)
{
    const int64_t ranks = bf_comm_size(p->world), rank = bf_comm_rank(p->world);
    const int64_t pieces = item->bytes / PIECE + 1, mine = ((rank - *piece) % ranks + ranks) % ranks;   /* the first of them that is ours */
    *piece += pieces;
    if (item->bytes == 0 || mine >= pieces) return BF_DONE;
    bf_h5_span span;
    hid_t from = H5I_INVALID_HID, to = H5I_INVALID_HID;
    bf_status s = open_source(p, item->source);
    if (!s.code && (from = H5Dopen2(p->source, item->from, H5P_DEFAULT)) < 0) s = BF_H5_FAIL(BF_E_FORMAT, p->source, item->from, "cannot be opened");
    if (!s.code) s = bf_h5_locate(from, &span);
    if (!s.code && span.bytes != item->bytes) s = BF_FAIL(BF_E_IO, "%s: %s changed while it was packed", item->source, item->from);
    if (!s.code && (to = H5Dopen2(p->target, item->to, H5P_DEFAULT)) < 0) s = BF_H5_FAIL(BF_E_IO, p->target, item->to, "cannot be opened");
    if (!s.code) s = move_pieces(from, to, &span, (row_count(&span) + pieces - 1) / pieces, mine, ranks);
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
