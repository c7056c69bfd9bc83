#include "store/h5_write.h"

#include "base/checksum.h"
#include "store/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static hid_t group_list(void)
{
    hid_t p = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(p, false);       /* equal contents, equal bytes */
    H5Pset_link_creation_order(p, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_link_phase_change(p, BF_H5_COMPACT, BF_H5_COMPACT / 2);
    H5Pset_attr_phase_change(p, 4096, 0);   /* a configuration's hundred keys stay in the header: no heap, no tree */
    return p;
}

bf_status bf_h5_group(hid_t at, const char *path)
{
    char part[512];
    if (strlen(path) >= sizeof part) return BF_FAIL(BF_E_INTERNAL, "the group's name is too long: %.80s...", path);
    bf_status s = BF_DONE;
    hid_t list = group_list();
    for (size_t n = 1; !s.code && path[n - 1]; n++) {
        if (path[n] != '/' && path[n] != '\0') continue;
        memcpy(part, path, n);
        part[n] = '\0';
        htri_t there = H5Lexists(at, part, H5P_DEFAULT);
        if (there > 0) continue;
        hid_t g = there < 0 ? H5I_INVALID_HID : H5Gcreate2(at, part, H5P_DEFAULT, list, H5P_DEFAULT);
        if (g < 0) s = BF_H5_FAIL(BF_E_IO, at, part, "cannot create group");
        else H5Gclose(g);
    }
    H5Pclose(list);
    return s;
}

/* n 0: a scalar. */
static bf_status put(hid_t object, const char *name, hid_t type, hsize_t n, const void *value)
{
    hid_t space = n ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bf_status s = BF_DONE;
    if (a < 0 || H5Awrite(a, type, value) < 0) s = BF_H5_FAIL(BF_E_IO, object, name, "cannot write attribute");
    if (a >= 0) H5Aclose(a);
    H5Sclose(space);
    return s;
}

hid_t bf_h5_text_type(size_t width)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, width ? width : 1);
    H5Tset_strpad(t, H5T_STR_NULLPAD);
    H5Tset_cset(t, H5T_CSET_UTF8);
    return t;
}

bf_status bf_h5_put_text(hid_t object, const char *name, const char *text)
{
    hid_t t = bf_h5_text_type(strlen(text));
    bf_status s = put(object, name, t, 0, text);
    H5Tclose(t);
    return s;
}

bf_status bf_h5_put_int(hid_t object, const char *name, int64_t value) { return put(object, name, H5T_STD_I64LE, 0, &value); }
bf_status bf_h5_put_real(hid_t object, const char *name, double value) { return put(object, name, H5T_IEEE_F64LE, 0, &value); }

bf_status bf_h5_put_i8s(hid_t object, const char *name, const int8_t *values, hsize_t n)
{
    return put(object, name, H5T_STD_I8LE, n, values);
}

bf_status bf_h5_put_attrs(hid_t object, const bf_attr *attrs, int n)
{
    for (int i = 0; i < n; i++)
        switch (attrs[i].type) {
        case 's': BF_TRY(bf_h5_put_text(object, attrs[i].name, attrs[i].text ? attrs[i].text : "")); break;
        case 'f': BF_TRY(bf_h5_put_real(object, attrs[i].name, attrs[i].real)); break;
        case 'i': BF_TRY(bf_h5_put_int(object, attrs[i].name, attrs[i].integer)); break;
        default:  return BF_FAIL(BF_E_INTERNAL, "attribute %s has the unknown type %d", attrs[i].name, attrs[i].type);
        }
    return BF_DONE;
}

bf_status bf_h5_put_checksum(hid_t dataset, uint64_t checksum)
{
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, checksum);
    return bf_h5_put_text(dataset, "checksum", digits);
}

static bf_status describe(hid_t dataset, const bf_h5_dataset *d)
{
    BF_TRY(bf_h5_put_text(dataset, "long_name", d->long_name ? d->long_name : d->name));
    BF_TRY(bf_h5_put_text(dataset, "units", d->unit ? d->unit : "1"));
    if (d->definition) BF_TRY(bf_h5_put_text(dataset, "definition", d->definition));
    if (d->dims) BF_TRY(bf_h5_put_text(dataset, "dims", d->dims));
    /* xarray gives str instead of bytes when it finds this. */
    if (H5Tget_class(d->type) == H5T_STRING) BF_TRY(bf_h5_put_text(dataset, "_Encoding", "utf-8"));
    return BF_DONE;
}

bf_status bf_h5_parents(hid_t at, const char *name)
{
    char parent[512];
    const char *end = strrchr(name, '/');
    if (!end || end == name) return BF_DONE;
    snprintf(parent, sizeof parent, "%.*s", (int)(end - name), name);
    return bf_h5_group(at, parent);
}

bf_status bf_h5_create_bare(hid_t at, const bf_h5_dataset *d, hid_t *out)
{
    *out = H5I_INVALID_HID;
    BF_TRY(bf_h5_parents(at, d->name));
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(list, false);
    H5Pset_layout(list, H5D_CONTIGUOUS);
    H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    H5Pset_attr_phase_change(list, 64, 0);
    hid_t space = d->rank ? H5Screate_simple(d->rank, d->shape, NULL) : H5Screate(H5S_SCALAR);
    *out = H5Dcreate2(at, d->name, d->type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    bf_status s = *out < 0 ? BF_H5_FAIL(BF_E_IO, at, d->name, "cannot create dataset") : BF_DONE;
    H5Sclose(space);
    H5Pclose(list);
    return s;
}

bf_status bf_h5_create(hid_t at, const bf_h5_dataset *d, hid_t *out)
{
    BF_TRY(bf_h5_create_bare(at, d, out));
    bf_status s = describe(*out, d);
    if (s.code) {
        H5Dclose(*out);
        *out = H5I_INVALID_HID;
    }
    return s;
}

static bf_status write_piece(hid_t dataset, hid_t type, hid_t space, const bf_pieces *p, int64_t k, const char *values)
{
    hsize_t start[BF_PIECE_AXES], count[BF_PIECE_AXES];
    const size_t before = (size_t)bf_pieces_at(p, k, start, count) * H5Tget_size(type);
    hid_t memory = H5Screate_simple(p->rank, count, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    const bool wrote = H5Dwrite(dataset, type, memory, space, H5P_DEFAULT, values + before) >= 0;
    bf_status s = wrote ? BF_DONE : BF_H5_FAIL(BF_E_IO, dataset, "", "cannot write");
    H5Sclose(memory);
    return s;
}

bf_status bf_h5_write_pieces(hid_t dataset, hid_t type, const void *values, int64_t most)
{
    hsize_t shape[BF_PIECE_AXES];
    hid_t space = H5Dget_space(dataset);
    const int rank = H5Sget_simple_extent_dims(space, shape, NULL);
    const bf_pieces p = bf_pieces_cut(rank, shape, H5Tget_size(type), most);
    bf_status s = BF_DONE;
    if (p.count == 1 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) s = BF_H5_FAIL(BF_E_IO, dataset, "", "cannot write");
    for (int64_t k = 0; !s.code && p.count > 1 && k < p.count; k++) s = write_piece(dataset, type, space, &p, k, values);
    H5Sclose(space);
    return s;
}

bf_status bf_h5_write(hid_t dataset, hid_t type, const void *values) { return bf_h5_write_pieces(dataset, type, values, BF_PIECE_BYTES); }

static size_t dataset_bytes(const bf_h5_dataset *d)
{
    size_t n = H5Tget_size(d->type);
    for (int i = 0; i < d->rank; i++) n *= (size_t)d->shape[i];
    return n;
}

bf_status bf_h5_put(hid_t at, const bf_h5_dataset *d, const void *values, hid_t *out)
{
    hid_t id;
    size_t bytes = dataset_bytes(d);
    BF_TRY(bf_h5_create(at, d, &id));
    bf_status s = bytes ? bf_h5_write(id, d->type, values) : BF_DONE;
    if (!s.code) s = bf_h5_put_checksum(id, bf_checksum(values, bytes));
    if (out && !s.code) *out = id;
    else H5Dclose(id);
    return s;
}

bf_status bf_h5_put_array(hid_t at, const bf_array *a, const char *dims, const char *unit, const char *long_name)
{
    bf_h5_dataset d = { .name = a->name, .type = bf_h5_type(a->type), .rank = a->rank, .dims = dims, .unit = unit, .long_name = long_name };
    if (a->rank < 0 || a->rank > 4 || bf_array_count(a) < 0) return BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", a->name);
    for (int i = 0; i < a->rank; i++) d.shape[i] = (hsize_t)a->shape[i];
    return bf_h5_put(at, &d, a->data, NULL);
}
