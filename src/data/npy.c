#include "data/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/stream.h"

enum { MAX_HEADER = 1 << 14 };

int bf_npy_size(bf_npy_type t)
{
    static const int size[] = { 1, 4, 8, 4, 8 };
    return size[t];
}

static bf_status read_exactly(const bf_npy *a, int64_t at, void *out, size_t n)
{
    for (size_t have = 0; have < n;) {
        const ssize_t r = pread(a->fd, (char *)out + have, n - have, (off_t)at + (off_t)have);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return BF_FAIL(BF_E_IO, "%s: cannot read: %s", a->name, strerror(errno));
        if (r == 0)
            return BF_FAIL(BF_E_FORMAT, "%s: the file ends too early", a->name);
        have += (size_t)r;
    }
    return BF_DONE;
}

/* The text after 'key': in the header's dictionary; NULL when it is not there. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " ");
    if (*at++ != ':')
        return NULL;
    return at + strspn(at, " ");
}

/* How much of a value a message shows: up to what ends it, and no more than `most`. */
static int clipped(const char *value, const char *end, int most)
{
    const size_t n = strcspn(value, end);
    return n < (size_t)most ? (int)n : most;
}

static bf_status read_type(bf_npy *a, const char *header)
{
    static const struct { const char *text; bf_npy_type type; } known[] = {
        { "'|u1'", BF_NPY_U8 }, { "'<u1'", BF_NPY_U8 }, { "'<i4'", BF_NPY_I32 }, { "'<i8'", BF_NPY_I64 }, { "'<f4'", BF_NPY_F32 }, { "'<f8'", BF_NPY_F64 } };
    const char *at = value_of(header, "'descr'");
    for (size_t i = 0; at && i < sizeof known / sizeof known[0]; i++)
        if (!strncmp(at, known[i].text, strlen(known[i].text))) {
            a->type = known[i].type;
            return BF_DONE;
        }
    return BF_FAIL(BF_E_FORMAT, "%s: type %.*s; uint8, float32, float64 (and int32, int64 for labels), little endian, can be read", a->name,
                   clipped(at ? at : "missing", ",}", 12), at ? at : "missing");
}

static bf_status read_shape(bf_npy *a, const char *header)
{
    const char *at = value_of(header, "'shape'");
    if (!at || *at++ != '(')
        return BF_FAIL(BF_E_FORMAT, "%s: its header has no shape", a->name);
    const char *shape = at;
    for (at += strspn(at, " "); *at != ')'; at += strspn(at, " ")) {
        char *end;
        errno = 0;
        const long long n = *at >= '0' && *at <= '9' ? strtoll(at, &end, 10) : -1;
        if (n < 1 || errno || a->axes == 4)
            return BF_FAIL(BF_E_FORMAT, "%s: shape (%.*s); one to four positive sizes are possible", a->name, clipped(shape, ")", 40), shape);
        a->shape[a->axes++] = n;
        at = end + strspn(end, " ");
        if (*at == ',')
            at++;
        else if (*at != ')')
            return BF_FAIL(BF_E_FORMAT, "%s: its header's shape is damaged", a->name);
    }
    return a->axes ? BF_DONE : BF_FAIL(BF_E_FORMAT, "%s: a single number, no array", a->name);
}

static bf_status check_size(const bf_npy *a, int64_t size)
{
    int64_t bytes = bf_npy_size(a->type), total;
    bool fits = true;
    for (int i = 0; i < a->axes; i++)
        fits = fits && !__builtin_mul_overflow(bytes, a->shape[i], &bytes);
    fits = fits && !__builtin_add_overflow(bytes, a->start, &total);
    if (!fits)
        return BF_FAIL(BF_E_FORMAT, "%s: header says %lld rows, more than any file holds", a->name, (long long)a->shape[0]);
    if (total != size)
        return BF_FAIL(BF_E_FORMAT, "%s: header says %lld rows of %lld bytes, %lld with the header, but the file has %lld bytes", a->name,
                       (long long)a->shape[0], (long long)(bytes / a->shape[0]), (long long)total, (long long)size);
    return BF_DONE;
}

static bf_status read_header(bf_npy *a)
{
    struct stat st;
    uint8_t start[12];
    char header[MAX_HEADER + 1];
    if (fstat(a->fd, &st) != 0)
        return BF_FAIL(BF_E_IO, "%s: cannot read: %s", a->name, strerror(errno));
    if (st.st_size < (off_t)sizeof start)
        return BF_FAIL(BF_E_FORMAT, "%s: not a .npy file", a->name);
    BF_TRY(read_exactly(a, 0, start, sizeof start));
    if (memcmp(start, "\x93NUMPY", 6) || start[6] < 1 || start[6] > 3)
        return BF_FAIL(BF_E_FORMAT, "%s: not a .npy file of version 1 to 3", a->name);
    const uint32_t n = start[6] == 1 ? start[8] | (uint32_t)start[9] << 8
                                     : start[8] | (uint32_t)start[9] << 8 | (uint32_t)start[10] << 16 | (uint32_t)start[11] << 24;
    const int64_t at = start[6] == 1 ? 10 : 12;
    if (n > MAX_HEADER)
        return BF_FAIL(BF_E_FORMAT, "%s: header says it has %lu bytes; up to %d are possible", a->name, (unsigned long)n, (int)MAX_HEADER);
    if (at + (int64_t)n > (int64_t)st.st_size)
        return BF_FAIL(BF_E_FORMAT, "%s: header says it has %lu bytes but the file ends in it", a->name, (unsigned long)n);
    BF_TRY(read_exactly(a, at, header, n));
    header[n] = '\0';
    a->start = at + n;
    const char *order = value_of(header, "'fortran_order'");
    if (!order || strncmp(order, "False", 5))
        return BF_FAIL(BF_E_FORMAT, "%s: only arrays in C order can be read (numpy.ascontiguousarray)", a->name);
    BF_TRY(read_type(a, header));
    BF_TRY(read_shape(a, header));
    return check_size(a, (int64_t)st.st_size);
}

bf_status bf_npy_open(const char *path, bf_npy *out)
{
    *out = (bf_npy){ .fd = -1 };
    strncpy(out->name, bf_path_name(path), sizeof out->name - 1);
    BF_TRY(bf_stream_check(path));
    out->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (out->fd < 0)
        return BF_FAIL(BF_E_INPUT, "cannot read %.150s: %s", path, strerror(errno));
    bf_status s = read_header(out);
    if (s.code)
        bf_npy_close(out);
    return s;
}

bf_status bf_npy_rows(const bf_npy *a, int64_t first, int64_t count, int64_t width, void *out)
{
    const int64_t each = width * bf_npy_size(a->type);      /* inside the file, so no overflow */
    return read_exactly(a, a->start + first * each, out, (size_t)(count * each));
}

void bf_npy_close(bf_npy *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}
