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

bf_status bf_checkpoint_write(const bf_comm *comm, const char *dir, int id, const char *tag, const bf_array *arrays, int n,
                              const bf_attr *attrs, int n_attrs)
{
    paths p;
    char tmp[BF_PATH];
    BF_TRY(make_paths(dir, id, &p));
    BF_TRY(bf_file_seen(dir));          /* made here it would be on a disk where nobody looks for it */
    BF_TRY(bf_file_mkdirs(p.folder));
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, p.now, tag));
    bf_status s = write_state(comm, tmp, arrays, n, attrs, n_attrs);
    if (!s.code) s = bf_h5_settle(tmp);
    if (!s.code) s = publish(comm, tmp, &p);
    if (s.code) unlink(tmp);
    return s;
}

/* Looks at every array before any is filled: a caller that starts afresh must not find half of a damaged state in its arrays. */
static bf_status check_arrays(hid_t file, const char *path, const bf_array *arrays, int n)
{
    for (int i = 0; i < n; i++) {
        hid_t id;
        bool present;
        hsize_t shape[4];
        if (bf_array_count(&arrays[i]) < 0) return BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", arrays[i].name);
        for (int d = 0; d < arrays[i].rank; d++) shape[d] = (hsize_t)arrays[i].shape[d];
        BF_TRY(bf_h5_expect(file, arrays[i].name, bf_h5_type(arrays[i].type), arrays[i].rank, shape, &id));
        bf_status s = bf_h5_verify(id, &present);
        if (s.code) s = BF_FAIL(s.code, "%s: %s: %s", path, arrays[i].name, s.what);
        if (!s.code && !present) s = BF_H5_FAIL(BF_E_FORMAT, file, arrays[i].name, "has no checksum");
        H5Dclose(id);
        if (s.code) return s;
    }
    return BF_DONE;
}

static bf_status fill_arrays(hid_t file, bf_array *arrays, int n)
{
    for (int i = 0; i < n; i++) {
        hid_t id = H5Dopen2(file, arrays[i].name, H5P_DEFAULT);
        bool filled = id >= 0 && H5Dread(id, bf_h5_type(arrays[i].type), H5S_ALL, H5S_ALL, H5P_DEFAULT, arrays[i].data) >= 0;
        bf_status s = filled ? BF_DONE : BF_H5_FAIL(BF_E_IO, file, arrays[i].name, "cannot read");
        if (id >= 0) H5Dclose(id);
        if (s.code) return s;
    }
    return BF_DONE;
}

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

static void drop_texts(bf_attr *wanted, int n)
{
    for (int i = 0; i < n; i++)
        if (wanted[i].type == 's') {
            free((void *)wanted[i].text);
            wanted[i].text = NULL;
        }
}

static bf_status read_attrs(hid_t file, bf_attr *wanted, int n)
{
    for (int i = 0; i < n; i++)
        switch (wanted[i].type) {
        case 's': BF_TRY(read_text(file, &wanted[i])); break;
        case 'f': BF_TRY(bf_h5_get_real(file, wanted[i].name, &wanted[i].real)); break;
        default:  BF_TRY(bf_h5_get_int(file, wanted[i].name, &wanted[i].integer)); break;
        }
    return BF_DONE;
}

static bf_status read_state(const char *path, bf_array *arrays, int n, bf_attr *wanted, int n_wanted)
{
    hid_t file = H5I_INVALID_HID;
    bf_status s = bf_h5_open(path, false, MPI_COMM_NULL, &file);
    if (!s.code) s = check_arrays(file, path, arrays, n);
    if (!s.code) s = read_attrs(file, wanted, n_wanted);
    if (!s.code) s = fill_arrays(file, arrays, n);
    if (s.code) drop_texts(wanted, n_wanted);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

bf_status bf_checkpoint_read(const char *dir, int id, bf_array *arrays, int n, bf_attr *wanted, int n_wanted, bool *found,
                             char *note, size_t size)
{
    paths p;
    *found = false;
    if (size) note[0] = '\0';
    for (int i = 0; i < n_wanted; i++)
        if (wanted[i].type == 's') wanted[i].text = NULL;
    BF_TRY(make_paths(dir, id, &p));
    bf_status newest = BF_DONE, older = BF_DONE;
    if (bf_file_exists(p.now)) {
        newest = read_state(p.now, arrays, n, wanted, n_wanted);
        *found = !newest.code;
    }
    if (!*found && bf_file_exists(p.previous)) {
        older = read_state(p.previous, arrays, n, wanted, n_wanted);
        *found = !older.code;
    }
    if (newest.code == BF_E_MEMORY || older.code == BF_E_MEMORY) return newest.code == BF_E_MEMORY ? newest : older;
    /* What the system refuses to read may be whole, and a training that began afresh would write over it. */
    if (!*found && (newest.code == BF_E_IO || older.code == BF_E_IO)) return newest.code == BF_E_IO ? newest : older;
    if (*found && newest.code) snprintf(note, size, "configuration %d: its newest checkpoint cannot be used, the one before serves (%s)", id, newest.what);
    else if (newest.code || older.code)
        snprintf(note, size, "configuration %d: no checkpoint can be used (%s)", id, newest.code ? newest.what : older.what);
    return BF_DONE;
}

void bf_checkpoint_remove(const char *dir, int id)
{
    paths p;
    if (make_paths(dir, id, &p).code) return;
    unlink(p.now);
    unlink(p.previous);
}
