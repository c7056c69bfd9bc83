#include "store/pack_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/h5_read.h"
#include "store/h5_write.h"
#include "store/link.h"

enum { BYTES_OF_SCALES = 65536 };           /* of one configuration, generously */
enum { DEEPEST = 12 };                      /* groups within groups; a damaged file may hold itself */
static const char *const scale_attributes[] = { "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST" };

typedef struct copier {
    const char   *dir, *path;               /* path: the packed file's */
    int64_t       reserved;                 /* bytes it has been promised */
    hid_t         file;                     /* the packed one */
    bf_pack_plan *plan;
    const char   *source;                   /* where we are: "study.h5", or what a link led to */
    struct { int64_t offset; char to[200]; } *seen;     /* datasets of this source, to keep hard links hard */
    int           n_seen;
} copier;

static bf_status copy_group(copier *c, hid_t from, const char *to, int depth);

static bf_status copy_attribute(hid_t from, hid_t to, const char *name)
{
    bf_status s = BF_DONE;
    hid_t a = H5Aopen(from, name, H5P_DEFAULT);
    if (a < 0) return BF_H5_FAIL(BF_E_FORMAT, from, name, "an attribute that cannot be read");
    hid_t type = H5Aget_type(a), space = H5Aget_space(a), b = H5I_INVALID_HID;
    const hsize_t size = H5Aget_storage_size(a);
    const H5T_class_t class = H5Tget_class(type);
    const bool plain = class == H5T_INTEGER || class == H5T_FLOAT || (class == H5T_STRING && H5Tis_variable_str(type) == 0);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    void *value = plain && size < 65536 && count >= 0 && (hsize_t)count * H5Tget_size(type) <= size ? malloc((size_t)size + 1) : NULL;
    if (!value || H5Aread(a, type, value) < 0) s = BF_H5_FAIL(BF_E_FORMAT, from, name, "an attribute that cannot be read");
    if (!s.code) b = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (!s.code && (b < 0 || H5Awrite(b, type, value) < 0)) s = BF_H5_FAIL(BF_E_IO, to, name, "cannot write attribute");
    if (b >= 0) H5Aclose(b);
    free(value);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(a);
    return s;
}

typedef struct attributes { hid_t to; bf_status status; } attributes;

/* Scales are attached anew: their attributes point into the file they stand in. */
static herr_t visit_attribute(hid_t from, const char *name, const H5A_info_t *info, void *state)
{
    (void)info;
    attributes *at = state;
    for (int k = 0; k < 4; k++)
        if (strcmp(name, scale_attributes[k]) == 0) return 0;
    at->status = copy_attribute(from, at->to, name);
    return at->status.code ? -1 : 0;
}

static bf_status copy_attributes(hid_t from, hid_t to)
{
    attributes at = { to, BF_DONE };
    /* One walk: asking for them by number builds the whole list every time. */
    if (H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_attribute, &at) < 0 && !at.status.code)
        return BF_H5_FAIL(BF_E_FORMAT, from, "", "attributes that cannot be listed");
    return at.status;
}

static bf_status add_item(copier *c, hid_t from, const char *to, int64_t bytes)
{
    bf_pack_plan *p = c->plan;
    bf_pack_item item = { .bytes = bytes };
    ssize_t n = H5Iget_name(from, item.from, sizeof item.from);
    if (n < 1 || (size_t)n >= sizeof item.from || strlen(to) >= sizeof item.to || strlen(c->source) >= sizeof item.source)
        return BF_FAIL(BF_E_FORMAT, "%s: a name that is too long: %.80s...", c->source, to);
    strcpy(item.source, c->source);
    strcpy(item.to, to);
    if ((p->count & (p->count - 1)) == 0) {         /* full at every power of two */
        bf_pack_item *more = realloc(p->items, (size_t)(p->count ? 2 * p->count : 1) * sizeof *more);
        if (!more) return BF_FAIL(BF_E_MEMORY, "no memory for a plan of %lld datasets", (long long)p->count);
        p->items = more;
    }
    p->items[p->count++] = item;
    return BF_DONE;
}

/* Where a dataset of this source with the same bytes already went; NULL when it is new, and then remembered. */
static const char *seen_before(copier *c, int64_t offset, const char *to)
{
    for (int i = 0; i < c->n_seen; i++)
        if (c->seen[i].offset == offset) return c->seen[i].to;
    void *more = realloc(c->seen, (size_t)(c->n_seen + 1) * sizeof *c->seen);
    if (!more) return NULL;                         /* a hard link becomes a copy; nothing is lost */
    c->seen = more;
    c->seen[c->n_seen].offset = offset;
    snprintf(c->seen[c->n_seen++].to, sizeof c->seen->to, "%.199s", to);
    return NULL;
}

static bf_status create_like(copier *c, hid_t from, const bf_h5_span *span, const char *to, hid_t *out)
{
    hid_t type = H5Dget_type(from);
    const H5T_class_t class = H5Tget_class(type);
    bf_h5_dataset d = { .name = to, .type = type, .rank = span->rank };
    bf_status s = BF_DONE;
    if (span->rank > 4 || (class != H5T_INTEGER && class != H5T_FLOAT && class != H5T_STRING) || H5Tis_variable_str(type) > 0)
        s = BF_H5_FAIL(BF_E_FORMAT, from, "", "a type or shape betafield does not write");
    for (int i = 0; !s.code && i < span->rank; i++) d.shape[i] = span->shape[i];
    if (!s.code) s = bf_h5_create_bare(c->file, &d, out);
    H5Tclose(type);
    return s;
}

static bf_status copy_dataset(copier *c, hid_t from, const char *to)
{
    bf_h5_span span;
    hid_t made = H5I_INVALID_HID;
    BF_TRY(bf_h5_locate(from, &span));
    const char *first = span.bytes ? seen_before(c, span.offset, to) : NULL;
    if (first) {
        BF_TRY(bf_h5_parents(c->file, to));
        return H5Lcreate_hard(c->file, first, c->file, to, H5P_DEFAULT, H5P_DEFAULT) < 0 ? BF_H5_FAIL(BF_E_IO, c->file, to, "cannot link") : BF_DONE;
    }
    bf_status s = create_like(c, from, &span, to, &made);
    if (!s.code) s = copy_attributes(from, made);
    if (!s.code) s = bf_pack_scales(c->file, made, to);
    if (!s.code) s = add_item(c, from, to, span.bytes);
    if (made >= 0) H5Dclose(made);
    return s;
}

static bf_status copy_object(copier *c, hid_t at, const char *name, const char *to, int depth)
{
    hid_t from = H5Oopen(at, name, H5P_DEFAULT);
    if (from < 0) return BF_H5_FAIL(BF_E_FORMAT, at, name, "cannot be opened");
    bf_status s;
    switch (H5Iget_type(from)) {
    case H5I_GROUP:   s = copy_group(c, from, to, depth + 1); break;
    case H5I_DATASET: s = copy_dataset(c, from, to); break;
    default:          s = BF_H5_FAIL(BF_E_FORMAT, at, name, "neither group nor dataset");
    }
    H5Oclose(from);
    return s;
}

/* A source brings at most its own size, and scales. */
static bf_status reserve_for(copier *c, const char *source)
{
    const int64_t size = bf_file_size(source);
    c->reserved += (size > 0 ? size : 0) + BYTES_OF_SCALES;
    return bf_h5_reserve(c->path, c->reserved);
}

/* A link of study.h5 leads to configs/c0000.h5 or data.h5 and to nothing else. */
static bf_status follow(copier *c, const bf_link *link, const char *to, int depth)
{
    char path[BF_PATH];
    const bool known = strcmp(link->file, "data.h5") == 0 || (strncmp(link->file, "configs/c", 9) == 0 && !strchr(link->file + 9, '/'));
    if (!known || depth > DEEPEST) return BF_FAIL(BF_E_FORMAT, "study.h5: %s leads to %s", to, link->file);
    BF_TRY(bf_file_join(path, sizeof path, c->dir, link->file));
    BF_TRY(reserve_for(c, path));
    copier inside = *c;
    inside.source = link->file;
    inside.seen = NULL;
    inside.n_seen = 0;
    hid_t file;
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, &file));
    bf_status s = copy_object(&inside, file, link->object, to, depth);
    free(inside.seen);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

static bf_status copy_link(copier *c, hid_t group, hsize_t i, const char *to, int depth)
{
    char name[128], below[256];
    bf_link link;
    ssize_t n = H5Lget_name_by_idx(group, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    if (n < 1 || (size_t)n >= sizeof name) return BF_H5_FAIL(BF_E_FORMAT, group, "", "a link that cannot be read");
    if ((size_t)snprintf(below, sizeof below, "%s/%s", to, name) >= sizeof below) return BF_H5_FAIL(BF_E_FORMAT, group, name, "a path that is too long");
    bf_status s = bf_link_read(group, name, &link);
    if (s.code) return BF_FAIL(s.code, "%s: %s: %s", c->source, to, s.what);
    if (!link.external) return copy_object(c, group, name, below, depth);
    if (strcmp(c->source, "study.h5") == 0) return follow(c, &link, below, depth);
    return BF_H5_FAIL(BF_E_FORMAT, group, name, "a link of a kind betafield does not write");
}

/* to is "" for the root. */
static bf_status copy_group(copier *c, hid_t from, const char *to, int depth)
{
    H5G_info_t info;
    if (depth > DEEPEST) return BF_H5_FAIL(BF_E_FORMAT, from, "", "groups within groups without end");
    if (H5Gget_info(from, &info) < 0) return BF_H5_FAIL(BF_E_FORMAT, from, "", "a group that cannot be listed");
    if (*to) BF_TRY(bf_h5_group(c->file, to));
    hid_t made = H5Gopen2(c->file, *to ? to : "/", H5P_DEFAULT);
    bf_status s = made < 0 ? BF_H5_FAIL(BF_E_IO, c->file, to, "cannot open group") : copy_attributes(from, made);
    for (hsize_t i = 0; !s.code && i < info.nlinks; i++) s = copy_link(c, from, i, to, depth);
    if (made >= 0) H5Gclose(made);
    return s;
}

bf_status bf_pack_skeleton(const char *dir, const char *path, bf_pack_plan *plan)
{
    char study[BF_PATH];
    hid_t from = H5I_INVALID_HID, root = H5I_INVALID_HID;
    copier c = { .dir = dir, .path = path, .reserved = BF_H5_SLACK, .file = H5I_INVALID_HID, .plan = plan, .source = "study.h5" };
    *plan = (bf_pack_plan){ 0 };
    BF_TRY(bf_file_join(study, sizeof study, dir, "study.h5"));
    bf_status s = bf_h5_open(study, false, MPI_COMM_NULL, &from);
    if (!s.code) s = reserve_for(&c, study);
    if (!s.code) s = bf_h5_open(path, true, MPI_COMM_NULL, &c.file);
    if (!s.code && (root = H5Gopen2(from, "/", H5P_DEFAULT)) < 0) s = BF_H5_FAIL(BF_E_FORMAT, from, "/", "cannot be opened");
    if (!s.code) s = copy_group(&c, root, "", 0);
    free(c.seen);
    if (root >= 0) H5Gclose(root);
    bf_status closed = bf_h5_close(&c.file, path);
    bf_status left = bf_h5_close(&from, study);
    if (!s.code) s = closed.code ? closed : left;
    if (s.code) {
        free(plan->items);
        *plan = (bf_pack_plan){ 0 };
    }
    return s;
}
