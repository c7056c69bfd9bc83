#include "store/h5_read.h"

#include "base/checksum.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a scalar attribute of one of two classes. */
static bf_status open_scalar(hid_t object, const char *name, H5T_class_t one, H5T_class_t other, hid_t *attr, hid_t *type)
{
    *type = H5I_INVALID_HID;
    *attr = H5Aopen(object, name, H5P_DEFAULT);
    if (*attr < 0) return BF_H5_FAIL(BF_E_FORMAT, object, name, "no such attribute");
    *type = H5Aget_type(*attr);
    hid_t space = H5Aget_space(*attr);
    H5T_class_t class = H5Tget_class(*type);
    bool fits = H5Sget_simple_extent_npoints(space) == 1 && (class == one || class == other);
    H5Sclose(space);
    if (fits) return BF_DONE;
    H5Tclose(*type);
    H5Aclose(*attr);
    return BF_H5_FAIL(BF_E_FORMAT, object, name, "an attribute of another type");
}

bf_status bf_h5_get_text(hid_t object, const char *name, char *out, size_t size)
{
    hid_t attr, type;
    BF_TRY(open_scalar(object, name, H5T_STRING, H5T_STRING, &attr, &type));
    bf_status s = BF_DONE;
    hid_t as = H5Tcopy(H5T_C_S1);
    H5Tset_size(as, size);
    H5Tset_cset(as, H5Tget_cset(type));
    memset(out, 0, size);
    if (H5Tis_variable_str(type) != 0 || H5Tget_size(type) >= size)
        s = BF_H5_FAIL(BF_E_FORMAT, object, name, "a text of another kind or length");
    else if (H5Aread(attr, as, out) < 0)
        s = BF_H5_FAIL(BF_E_FORMAT, object, name, "cannot read attribute");
    out[size - 1] = '\0';
    H5Tclose(as);
    H5Tclose(type);
    H5Aclose(attr);
    return s;
}

static bf_status get_number(hid_t object, const char *name, H5T_class_t other, hid_t as, void *out)
{
    hid_t attr, type;
    BF_TRY(open_scalar(object, name, H5T_INTEGER, other, &attr, &type));
    bf_status s = H5Aread(attr, as, out) < 0 ? BF_H5_FAIL(BF_E_FORMAT, object, name, "cannot read attribute") : BF_DONE;
    H5Tclose(type);
    H5Aclose(attr);
    return s;
}

bf_status bf_h5_get_int(hid_t object, const char *name, int64_t *out)
{
    return get_number(object, name, H5T_INTEGER, H5T_NATIVE_INT64, out);
}

bf_status bf_h5_get_real(hid_t object, const char *name, double *out)
{
    return get_number(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, out);
}

bool bf_h5_has(hid_t at, const char *path)
{
    char part[512];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) return false;
    for (size_t n = 1; n <= length; n++) {
        if (path[n] != '/' && path[n] != '\0') continue;
        memcpy(part, path, n);
        part[n] = '\0';
        if (H5Lexists(at, part, H5P_DEFAULT) <= 0) return false;
    }
    return H5Oexists_by_name(at, path, H5P_DEFAULT) > 0;
}

/* The descriptor under a serial file; HDF5 keeps it. */
static int descriptor(hid_t dataset, int64_t *size)
{
    void *handle = NULL;
    hid_t file = H5Iget_file_id(dataset);
    struct stat st;
    int fd = file >= 0 && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && handle ? *(int *)handle : -1;
    if (file >= 0) H5Fclose(file);
    *size = fd >= 0 && fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
    return fd;
}

static bool shape_bytes(hid_t dataset, bf_h5_span *out)
{
    hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    out->rank = H5Sget_simple_extent_ndims(space);
    bool sane = out->rank >= 0 && out->rank <= 32 && H5Sget_simple_extent_type(space) != H5S_NULL
                && H5Sget_simple_extent_dims(space, out->shape, NULL) == out->rank;
    out->bytes = (int64_t)H5Tget_size(type);
    for (int i = 0; sane && i < out->rank; i++)
        sane = !__builtin_mul_overflow(out->bytes, out->shape[i], &out->bytes);
    H5Tclose(type);
    H5Sclose(space);
    return sane;
}

bf_status bf_h5_locate(hid_t dataset, bf_h5_span *out)
{
    int64_t size;
    out->fd = descriptor(dataset, &size);
    if (!shape_bytes(dataset, out)) return BF_H5_FAIL(BF_E_FORMAT, dataset, "", "an impossible shape");
    hid_t list = H5Dget_create_plist(dataset);
    bool contiguous = H5Pget_layout(list) == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0;
    H5Pclose(list);
    if (!contiguous) return BF_H5_FAIL(BF_E_FORMAT, dataset, "", "stored in another way than betafield does");
    haddr_t offset = out->bytes ? H5Dget_offset(dataset) : 0;
    if (offset == HADDR_UNDEF || (out->bytes && H5Dget_storage_size(dataset) != (hsize_t)out->bytes)
        || out->bytes > size || (int64_t)offset < 0 || (int64_t)offset > size - out->bytes)
        return BF_H5_FAIL(BF_E_FORMAT, dataset, "", "reaches past the end of the file");
    out->offset = (int64_t)offset;
    return BF_DONE;
}

static bf_status read_block(const bf_h5_span *at, int64_t first, char *block, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t r = pread(at->fd, block + have, n - have, (off_t)(at->offset + first + (int64_t)have));
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return BF_FAIL(BF_E_IO, "cannot read: %s", strerror(errno));
        if (r == 0) return BF_FAIL(BF_E_FORMAT, "the file ends too early");
        have += (size_t)r;
    }
    return BF_DONE;
}

bf_status bf_h5_checksum(hid_t dataset, uint64_t *out)
{
    bf_h5_span at;
    BF_TRY(bf_h5_locate(dataset, &at));
    const size_t blocks = ((size_t)at.bytes + BF_CHECKSUM_BLOCK - 1) / BF_CHECKSUM_BLOCK;
    uint64_t *hash = malloc((blocks + 1) * sizeof *hash);       /* at.bytes lie in the file, so this is small beside it */
    char *block = malloc(at.bytes < (int64_t)BF_CHECKSUM_BLOCK ? (size_t)at.bytes + 1 : BF_CHECKSUM_BLOCK);
    bf_status s = hash && block ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to take a checksum");
    for (size_t b = 0; !s.code && b < blocks; b++) {
        const int64_t first = (int64_t)(b * BF_CHECKSUM_BLOCK), left = at.bytes - first;
        const size_t n = left < (int64_t)BF_CHECKSUM_BLOCK ? (size_t)left : BF_CHECKSUM_BLOCK;
        s = read_block(&at, first, block, n);
        if (!s.code) hash[b] = bf_hash64(block, n);
    }
    if (!s.code) *out = bf_checksum_of_blocks(hash, blocks);
    free(block);
    free(hash);
    return s;
}

bf_status bf_h5_verify(hid_t dataset, bool *present)
{
    char recorded[17], found[17];
    uint64_t checksum;
    *present = H5Aexists(dataset, "checksum") > 0;
    if (!*present) return BF_DONE;
    BF_TRY(bf_h5_get_text(dataset, "checksum", recorded, sizeof recorded));
    BF_TRY(bf_h5_checksum(dataset, &checksum));
    snprintf(found, sizeof found, "%016" PRIx64, checksum);
    if (strcmp(recorded, found) == 0) return BF_DONE;
    return BF_FAIL(BF_E_FORMAT, "its checksum is %s, recorded was %.16s", found, recorded);
}

bf_status bf_h5_expect(hid_t at, const char *name, hid_t type, int rank, const hsize_t *shape, hid_t *out)
{
    bf_h5_span span;
    *out = H5Dopen2(at, name, H5P_DEFAULT);
    if (*out < 0) return BF_H5_FAIL(BF_E_FORMAT, at, name, "no such dataset");
    hid_t found = H5Dget_type(*out);
    bool same = H5Tequal(found, type) > 0;
    H5Tclose(found);
    bf_status s = bf_h5_locate(*out, &span);
    if (!s.code && (!same || span.rank != rank || memcmp(span.shape, shape, (size_t)rank * sizeof *shape) != 0))
        s = BF_H5_FAIL(BF_E_FORMAT, at, name, "has another type or shape");
    if (s.code) {
        H5Dclose(*out);
        *out = H5I_INVALID_HID;
    }
    return s;
}

bf_status bf_h5_get(hid_t at, const char *name, hid_t type, int rank, const hsize_t *shape, void *values)
{
    hid_t id;
    bool present;
    BF_TRY(bf_h5_expect(at, name, type, rank, shape, &id));
    bf_status s = bf_h5_verify(id, &present);
    if (s.code) s = BF_FAIL(s.code, "%.60s: %.140s", name, s.what);
    if (!s.code && !present) s = BF_H5_FAIL(BF_E_FORMAT, at, name, "has no checksum");
    if (!s.code && H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) s = BF_H5_FAIL(BF_E_IO, at, name, "cannot read");
    H5Dclose(id);
    return s;
}
