#include "store/data_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/h5_read.h"
#include "store/h5_write.h"

enum { SLOTS = 8, MAX_RATIO = 1100 };           /* deflate cannot shrink by more than 1032 */
#define MAX_CHUNK ((int64_t)256 << 20)          /* HDF5 allocates a whole chunk to unpack it */

/* --- writing --------------------------------------------------------------------------------------------------------- */

typedef struct meaning { const char *leaf, *dims, *unit, *long_name; } meaning;

static meaning meaning_of(const char *name)
{
    static const meaning known[] = {
        { "x",       NULL,            "1", "samples as stored" },
        { "label",   "sample",        "1", "class of the sample" },
        { "factors", "sample factor", "1", "generative factors of the sample" },
        { "clean",   NULL,            "1", "the sample without outliers" },
        /* what `betafield encode` writes */
        { "mean",           "sample latent", "1",   "posterior mean" },
        { "logvar",         "sample latent", "1",   "posterior log variance" },
        { "z",              "sample latent", "1",   "one posterior draw" },
        { "reconstruction", NULL,            "1",   "decoder mean at the posterior mean, in model units" },
        { "rate",           "sample",        "nat", "KL of the posterior from the prior" },
        { "mse",            "sample",        "1",   "squared error of the reconstruction, mean over the sample's values" },
    };
    const char *slash = strrchr(name, '/');
    const char *leaf = slash ? slash + 1 : name;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(leaf, known[i].leaf))
            return known[i];
    return (meaning){ leaf, NULL, "1", leaf };
}

static bf_status put_arrays(const char *tmp, const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs)
{
    hid_t file = H5I_INVALID_HID;
    BF_TRY(bf_h5_open(tmp, true, MPI_COMM_NULL, &file));
    bf_status s = bf_h5_put_attrs(file, attrs, n_attrs);
    for (int i = 0; !s.code && i < n; i++) {
        const meaning m = meaning_of(arrays[i].name);
        s = bf_h5_put_array(file, &arrays[i], m.dims, m.unit, m.long_name);
    }
    bf_status closed = bf_h5_close(&file, tmp);
    return s.code ? s : closed;
}

bf_status bf_data_file_write(const char *path, const char *tag, const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs)
{
    char tmp[BF_PATH];
    int64_t bytes = BF_H5_SLACK;
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, path, tag));
    for (int i = 0; i < n; i++)
        bytes += bf_array_count(&arrays[i]) * (int64_t)bf_type_size(arrays[i].type);
    bf_status s = bf_h5_prepare(tmp, bytes);
    if (!s.code)
        s = put_arrays(tmp, arrays, n, attrs, n_attrs);
    if (!s.code)
        s = bf_h5_settle(tmp);
    if (!s.code)
        s = bf_file_publish(tmp, path);
    if (s.code)
        remove(tmp);
    return s;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

typedef struct slot { char name[96]; hid_t dataset; bf_array array; } slot;

struct bf_data_file {
    hid_t file;
    char  name[96];
    slot *slots;                    /* (SLOTS): the datasets that were described; a dataset stays open for its chunk cache */
};

bf_status bf_data_file_open(const char *path, bf_data_file **out)
{
    const char *slash = strrchr(path, '/');
    *out = NULL;
    bf_data_file *f = calloc(1, sizeof *f);
    slot *slots = calloc(SLOTS, sizeof *slots);
    bf_status s = f && slots ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to open %.120s", path);
    if (!s.code)
        s = bf_h5_open(path, false, MPI_COMM_NULL, &f->file);
    if (s.code) {
        free(slots);
        free(f);
        return s;
    }
    snprintf(f->name, sizeof f->name, "%.95s", slash ? slash + 1 : path);
    f->slots = slots;
    *out = f;
    return s;
}

/* Hard links only: a soft or external one may lead out of the file. */
static bool hard_link(hid_t file, const char *name)
{
    char part[96];
    const size_t length = strlen(name);
    if (length == 0 || length >= sizeof part)
        return false;
    for (size_t n = 1; n <= length; n++) {
        H5L_info_t link;
        if (name[n] != '/' && name[n] != '\0')
            continue;
        memcpy(part, name, n);
        part[n] = '\0';
        if (H5Lexists(file, part, H5P_DEFAULT) <= 0 || H5Lget_info(file, part, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
            return false;
    }
    return true;
}

static bool type_of(hid_t type, bf_type *out)
{
    const size_t size = H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        *out = size == 1 ? BF_TYPE_U8 : size == 4 ? BF_TYPE_I32 : BF_TYPE_I64;
        return size == 1 ? H5Tget_sign(type) == H5T_SGN_NONE : (size == 4 || size == 8) && H5Tget_sign(type) == H5T_SGN_2;
    case H5T_FLOAT:
        *out = size == 4 ? BF_TYPE_F32 : BF_TYPE_F64;
        return size == 4 || size == 8;
    default:
        return false;
    }
}

static bf_status shape_of(const bf_data_file *f, hid_t dataset, bf_array *a)
{
    hsize_t shape[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    bf_status s = BF_DONE;
    const int rank = H5Sget_simple_extent_type(space) == H5S_SIMPLE ? H5Sget_simple_extent_dims(space, shape, NULL) : 0;
    if (type < 0 || !type_of(type, &a->type))
        s = BF_FAIL(BF_E_FORMAT, "%s: /%s has a type other than uint8, int32, int64, float32, float64", f->name, a->name);
    else if (rank < 1 || rank > 4)
        s = BF_FAIL(BF_E_FORMAT, "%s: /%s has %d axes; 1 to 4 are possible", f->name, a->name, rank);
    a->rank = rank;
    for (int i = 0; !s.code && i < rank; i++) {
        if (shape[i] > INT64_MAX)
            s = BF_FAIL(BF_E_FORMAT, "%s: /%s says %llu along axis %d", f->name, a->name, (unsigned long long)shape[i], i);
        a->shape[i] = (int64_t)shape[i];
    }
    int64_t bytes = 0;
    if (!s.code && (bf_array_count(a) < 0 || __builtin_mul_overflow(bf_array_count(a), (int64_t)bf_type_size(a->type), &bytes)))
        s = BF_FAIL(BF_E_FORMAT, "%s: /%s says more entries than any file holds", f->name, a->name);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return s;
}

static bf_status check_chunks(const bf_data_file *f, const bf_array *a, hid_t list)
{
    hsize_t chunk[H5S_MAX_RANK];
    int64_t bytes = (int64_t)bf_type_size(a->type);
    if (H5Pget_chunk(list, H5S_MAX_RANK, chunk) != a->rank)
        return BF_FAIL(BF_E_FORMAT, "%s: /%s is stored in damaged chunks", f->name, a->name);
    for (int i = 0; i < a->rank; i++)
        if (chunk[i] > (hsize_t)MAX_CHUNK || __builtin_mul_overflow(bytes, (int64_t)chunk[i], &bytes) || bytes > MAX_CHUNK)
            return BF_FAIL(BF_E_FORMAT, "%s: /%s has chunks of more than %d MiB", f->name, a->name, (int)(MAX_CHUNK >> 20));
    return BF_DONE;
}

/* What the shape says must lie in the file: exactly, where it is not chunked; else as much as compression can hide. */
static bf_status check_storage(const bf_data_file *f, const bf_array *a, hid_t dataset)
{
    const int64_t bytes = bf_array_count(a) * (int64_t)bf_type_size(a->type), stored = (int64_t)H5Dget_storage_size(dataset);
    hid_t list = H5Dget_create_plist(dataset);
    const H5D_layout_t layout = H5Pget_layout(list);
    const int filters = H5Pget_nfilters(list);
    hsize_t size = 0;
    bf_h5_span span;
    bf_status s = BF_DONE;
    if (layout == H5D_CONTIGUOUS) {
        if (bf_h5_locate(dataset, &span).code)
            s = BF_FAIL(BF_E_FORMAT, "%s: /%s says %lld bytes but they are not all in the file", f->name, a->name, (long long)bytes);
    } else if (layout == H5D_CHUNKED) {
        s = check_chunks(f, a, list);
        const int64_t most = filters > 0 && stored > INT64_MAX / MAX_RATIO ? INT64_MAX : stored * (filters > 0 ? MAX_RATIO : 1);
        if (!s.code && (H5Fget_filesize(f->file, &size) < 0 || stored < 0 || stored > (int64_t)size || bytes > most))
            s = BF_FAIL(BF_E_FORMAT, "%s: /%s says %lld bytes but %lld are stored", f->name, a->name, (long long)bytes, (long long)stored);
    } else if (layout != H5D_COMPACT || stored < bytes) {
        s = BF_FAIL(BF_E_FORMAT, "%s: /%s is a virtual or damaged dataset", f->name, a->name);
    }
    H5Pclose(list);
    return s;
}

static slot *find_slot(const bf_data_file *f, const char *name)
{
    for (int i = 0; i < SLOTS; i++)
        if (!strcmp(f->slots[i].name, name))
            return &f->slots[i];
    return NULL;
}

/* Neighbouring rows share chunks; the cache holds what a run of rows touches, so that nothing is unpacked twice. */
static hid_t open_cached(hid_t file, const char *name)
{
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, 12421, (size_t)MAX_CHUNK, 1.0);
    hid_t dataset = H5Dopen2(file, name, access);
    H5Pclose(access);
    return dataset;
}

bf_status bf_data_file_describe(const bf_data_file *f, const char *name, bf_array *out, bool *found)
{
    slot *to = find_slot(f, name);
    *out = (bf_array){ .rank = 0 };
    snprintf(out->name, sizeof out->name, "%.79s", name);
    *found = to != NULL || hard_link(f->file, name);
    if (to)
        *out = to->array;
    if (to || !*found)
        return BF_DONE;
    to = find_slot(f, "");
    if (!to)
        return BF_FAIL(BF_E_INTERNAL, "%s: more than %d datasets in use", f->name, SLOTS);
    hid_t dataset = open_cached(f->file, name);
    if (dataset < 0)
        return BF_FAIL(BF_E_FORMAT, "%s: /%s is no readable dataset", f->name, name);
    bf_status s = shape_of(f, dataset, out);
    if (!s.code)
        s = check_storage(f, out, dataset);
    if (s.code) {
        H5Dclose(dataset);
        return s;
    }
    snprintf(to->name, sizeof to->name, "%s", name);
    to->dataset = dataset;
    to->array = *out;
    return s;
}

static hid_t memory_type(bf_type as)
{
    switch (as) {
    case BF_TYPE_U8:  return H5T_NATIVE_UINT8;
    case BF_TYPE_I32: return H5T_NATIVE_INT32;
    case BF_TYPE_I64: return H5T_NATIVE_INT64;
    case BF_TYPE_F32: return H5T_NATIVE_FLOAT;
    case BF_TYPE_F64: return H5T_NATIVE_DOUBLE;
    }
    return H5I_INVALID_HID;
}

bf_status bf_data_file_rows(const bf_data_file *f, const char *name, bf_type as, int64_t first, int64_t n, void *out)
{
    const slot *from = find_slot(f, name);
    hsize_t start[4] = { (hsize_t)first, 0, 0, 0 }, count[4] = { (hsize_t)n, 1, 1, 1 };
    if (!from || first < 0 || n < 0 || first > from->array.shape[0] - n)
        return BF_FAIL(BF_E_INTERNAL, "%s: /%s has no rows %lld to %lld", f->name, name, (long long)first, (long long)(first + n));
    if (n == 0)
        return BF_DONE;
    for (int i = 1; i < from->array.rank; i++)
        count[i] = (hsize_t)from->array.shape[i];
    hid_t file_space = H5Dget_space(from->dataset), memory = H5Screate_simple(from->array.rank, count, NULL);
    bf_status s = BF_DONE;
    if (H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0
        || H5Dread(from->dataset, memory_type(as), memory, file_space, H5P_DEFAULT, out) < 0)
        s = BF_FAIL(BF_E_FORMAT, "%s: cannot read rows %lld to %lld of /%s", f->name, (long long)first, (long long)(first + n - 1), name);
    H5Sclose(memory);
    H5Sclose(file_space);
    return s;
}

bf_status bf_data_file_check(const bf_data_file *f, const char *name)
{
    const slot *at = find_slot(f, name);
    bool present;
    if (!at)
        return BF_FAIL(BF_E_INTERNAL, "%s: /%s was not described", f->name, name);
    hid_t list = H5Dget_create_plist(at->dataset);
    const bool contiguous = H5Pget_layout(list) == H5D_CONTIGUOUS;
    H5Pclose(list);
    bf_status s = contiguous ? bf_h5_verify(at->dataset, &present) : BF_DONE;
    return s.code ? BF_FAIL(s.code, "%s: /%s: %.120s", f->name, name, s.what) : s;
}

void bf_data_file_close(bf_data_file **f)
{
    if (!*f)
        return;
    for (int i = 0; i < SLOTS; i++)
        if ((*f)->slots[i].name[0])
            H5Dclose((*f)->slots[i].dataset);
    H5Fclose((*f)->file);
    free((*f)->slots);
    free(*f);
    *f = NULL;
}
