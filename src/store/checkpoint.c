#include "store/checkpoint.h"

#include "base/file.h"
#include "store/h5_read.h"
#include "store/h5_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct paths { char folder[BF_PATH], now[BF_PATH], previous[BF_PATH]; } paths;

static bf_status make_paths(const char *dir, int id, paths *p)
{
    char name[48];
    BF_TRY(bf_file_join(p->folder, sizeof p->folder, dir, "checkpoints"));
    snprintf(name, sizeof name, "c%04d.h5", id);
    BF_TRY(bf_file_join(p->now, sizeof p->now, p->folder, name));
    snprintf(name, sizeof name, "c%04d.prev.h5", id);
    return bf_file_join(p->previous, sizeof p->previous, p->folder, name);
}

static bf_status write_state(const bf_comm *comm, const char *path, const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs)
{
    int64_t bytes = BF_H5_SLACK;
    for (int i = 0; i < n; i++) {
        const int64_t count = bf_array_count(&arrays[i]);
        if (count < 0) return BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", arrays[i].name);
        bytes += count * (int64_t)bf_type_size(arrays[i].type) + 4096;
    }
    hid_t file = H5I_INVALID_HID;
    BF_TRY(bf_h5_prepare(path, bytes));
    BF_TRY(bf_h5_open(path, true, MPI_COMM_NULL, &file));
    bf_status s = bf_h5_put_attrs(file, attrs, n_attrs);
    for (int i = 0; !s.code && i < n; i++) {
        s = bf_h5_put_array(file, &arrays[i], NULL, "1", arrays[i].name);
        if (!s.code && i == n / 2) s = bf_fault_at(comm, "checkpoint.write", BF_E_IO);
    }
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

/* Between the two renames there is only the previous one; readers know. */
static bf_status publish(const bf_comm *comm, const char *tmp, const paths *p)
{
    BF_TRY(bf_fault_at(comm, "checkpoint.fsync", BF_E_IO));
    BF_TRY(bf_fault_at(comm, "checkpoint.rename_prev", BF_E_IO));
    const bool had = rename(p->now, p->previous) == 0;
    if (!had && errno != ENOENT) return BF_FAIL(BF_E_IO, "%s: cannot rename: %s", p->now, strerror(errno));
    bf_status s = bf_fault_at(comm, "checkpoint.rename", BF_E_IO);
    if (!s.code) s = bf_file_publish(tmp, p->now);
    if (s.code && had && !bf_file_exists(p->now) && rename(p->previous, p->now) != 0)
        return BF_FAIL(BF_E_IO, "%s: cannot rename back: %s", p->previous, strerror(errno));
    return s;
}

bf_status bf_checkpoint_write(const bf_comm *comm, const bf_site *site, int id, const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs)
{
    paths p;
    char tmp[BF_PATH];
    BF_TRY(make_paths(site->dir, id, &p));
    BF_TRY(bf_site_check(site));        /* made here it would be on a disk where nobody looks for it */
    BF_TRY(bf_file_mkdirs(p.folder));
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, p.now, site->tag));
    bf_status s = write_state(comm, tmp, arrays, n, attrs, n_attrs);
    if (!s.code) s = bf_site_check(site);       /* again, and tmp is there */
    if (!s.code) s = bf_h5_settle(tmp);
    if (!s.code) s = publish(comm, tmp, &p);
    if (s.code) unlink(tmp);
    return s;
}

/* --- which of the two ------------------------------------------------------------------------------------------------- */

struct bf_checkpoint {
    hid_t file;
    char  path[BF_PATH];
};

typedef struct walk { const char *path; bf_status s; } walk;

static herr_t check_object(hid_t file, const char *name, const H5L_info_t *info, void *self)
{
    walk *w = self;
    bool present = true;
    hid_t id = info->type == H5L_TYPE_HARD ? H5Oopen(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (id < 0) w->s = BF_H5_FAIL(BF_E_FORMAT, file, name, "cannot be opened");
    else if (H5Iget_type(id) == H5I_DATASET) w->s = bf_h5_verify(id, &present);
    if (!present) w->s = BF_FAIL(BF_E_FORMAT, "has no checksum");
    if (id >= 0 && w->s.code) w->s = BF_FAIL(w->s.code, "%s: %s: %s", w->path, name, w->s.what);
    if (id >= 0) H5Oclose(id);
    return w->s.code != BF_OK;      /* not 0: enough is known */
}

static herr_t pass(hid_t file, const char *name, const H5A_info_t *info, void *self)
{
    (void)file, (void)name, (void)info, (void)self;
    return 0;
}

/* Their names and values are read by going over them; HDF5 compares its own checksums. */
static bf_status check_attributes(hid_t file)
{
    if (H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_INC, NULL, pass, NULL) >= 0) return BF_DONE;
    return BF_H5_FAIL(BF_E_FORMAT, file, "", "an attribute cannot be read");
}

static bf_status check_arrays(hid_t file, const char *path)
{
    walk w = { .path = path };
    const herr_t walked = H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, check_object, &w);
    return walked >= 0 ? w.s : BF_H5_FAIL(BF_E_FORMAT, file, "", "its arrays cannot be listed");
}

static bf_status open_one(const char *path, bool whole, bf_checkpoint *c)
{
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, &c->file));
    snprintf(c->path, sizeof c->path, "%s", path);
    bf_status s = check_attributes(c->file);
    if (!s.code && whole) s = check_arrays(c->file, path);
    if (!s.code) return s;
    const bf_status closed = bf_h5_close(&c->file, path);
    (void)closed;       /* it does not serve anyway */
    return s;
}

static bf_status choose(const paths *p, int id, bool whole, bf_checkpoint *c, char *note, size_t size)
{
    bf_status newest = BF_DONE, older = BF_DONE;
    if (bf_file_exists(p->now)) newest = open_one(p->now, whole, c);
    if (c->file < 0 && bf_file_exists(p->previous)) older = open_one(p->previous, whole, c);
    const bool found = c->file >= 0;
    if (newest.code == BF_E_MEMORY || older.code == BF_E_MEMORY) return newest.code == BF_E_MEMORY ? newest : older;
    /* What the system refuses to read may be whole, and a training that began afresh would write over it. */
    if (!found && (newest.code == BF_E_IO || older.code == BF_E_IO)) return newest.code == BF_E_IO ? newest : older;
    if (found && newest.code) snprintf(note, size, "configuration %d: its newest checkpoint cannot be used, the one before serves (%s)", id, newest.what);
    else if (newest.code || older.code)
        snprintf(note, size, "configuration %d: no checkpoint can be used (%s)", id, newest.code ? newest.what : older.what);
    return BF_DONE;
}

bf_status bf_checkpoint_open(const char *dir, int id, bool whole, bf_checkpoint **out, char *note, size_t size)
{
    paths p;
    *out = NULL;
    if (size) note[0] = '\0';
    BF_TRY(make_paths(dir, id, &p));
    bf_checkpoint *c = malloc(sizeof *c);
    if (!c) return BF_FAIL(BF_E_MEMORY, "no memory for the checkpoint of configuration %d", id);
    c->file = H5I_INVALID_HID;
    const bf_status s = choose(&p, id, whole, c, note, size);
    if (!s.code && c->file >= 0) *out = c;
    else bf_checkpoint_close(&c);
    return s;
}

void bf_checkpoint_close(bf_checkpoint **checkpoint)
{
    bf_checkpoint *c = *checkpoint;
    if (!c) return;
    const bf_status closed = bf_h5_close(&c->file, c->path);
    (void)closed;       /* it was only read */
    free(c);
    *checkpoint = NULL;
}

/* --- what is in it ---------------------------------------------------------------------------------------------------- */

enum { TEXT_LIMIT = 65536 };

static bf_status read_text(hid_t file, bf_attr *a)
{
    char *text = malloc(TEXT_LIMIT);
    if (!text) return BF_FAIL(BF_E_MEMORY, "no memory for attribute %s", a->name);
    bf_status s = bf_h5_get_text(file, a->name, text, TEXT_LIMIT);
    a->text = s.code ? NULL : strdup(text);
    free(text);
    if (!s.code && !a->text) s = BF_FAIL(BF_E_MEMORY, "no memory for attribute %s", a->name);
    return s;
}

static bf_status read_attr(hid_t file, bf_attr *a)
{
    switch (a->type) {
    case 's': return read_text(file, a);
    case 'f': return bf_h5_get_real(file, a->name, &a->real);
    default:  return bf_h5_get_int(file, a->name, &a->integer);
    }
}

bf_status bf_checkpoint_attrs(const bf_checkpoint *c, bf_attr *wanted, int n)
{
    bf_status s = BF_DONE;
    for (int i = 0; i < n; i++)
        if (wanted[i].type == 's') wanted[i].text = NULL;
    for (int i = 0; !s.code && i < n; i++) s = read_attr(c->file, &wanted[i]);
    for (int i = 0; s.code && i < n; i++) {
        if (wanted[i].type != 's') continue;
        free((void *)wanted[i].text);
        wanted[i].text = NULL;
    }
    return s;
}

/* Before any is filled: who starts afresh then must not find half of another state in its arrays. */
static bf_status check_shapes(hid_t file, const bf_array *arrays, int n)
{
    for (int i = 0; i < n; i++) {
        hid_t id;
        hsize_t shape[4];
        if (bf_array_count(&arrays[i]) < 0) return BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", arrays[i].name);
        for (int d = 0; d < arrays[i].rank; d++) shape[d] = (hsize_t)arrays[i].shape[d];
        BF_TRY(bf_h5_expect(file, arrays[i].name, bf_h5_type(arrays[i].type), arrays[i].rank, shape, &id));
        H5Dclose(id);
    }
    return BF_DONE;
}

bf_status bf_checkpoint_arrays(const bf_checkpoint *c, bf_array *arrays, int n)
{
    BF_TRY(check_shapes(c->file, arrays, n));
    for (int i = 0; i < n; i++) {
        hid_t id = H5Dopen2(c->file, arrays[i].name, H5P_DEFAULT);
        bool filled = id >= 0 && H5Dread(id, bf_h5_type(arrays[i].type), H5S_ALL, H5S_ALL, H5P_DEFAULT, arrays[i].data) >= 0;
        bf_status s = filled ? BF_DONE : BF_H5_FAIL(BF_E_IO, c->file, arrays[i].name, "cannot read");
        if (id >= 0) H5Dclose(id);
        if (s.code) return s;
    }
    return BF_DONE;
}

void bf_checkpoint_remove(const bf_site *site, int id)
{
    paths p;
    if (make_paths(site->dir, id, &p).code || bf_site_check(site).code) return;
    unlink(p.now);
    unlink(p.previous);
}
