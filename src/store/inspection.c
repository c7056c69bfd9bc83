#include "store/inspection.h"

#include "store/h5_read.h"
#include "store/link.h"
#include "store/result.h"

#include <hdf5_hl.h>
#include <stdarg.h>
#include <string.h>

void bf_inspection_find(bf_inspection *v, const char *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(v->to, "%s: ", file);
    vfprintf(v->to, format, args);
    fputc('\n', v->to);
    va_end(args);
    v->report->bad++;
}

void bf_inspection_fail(bf_inspection *v, const char *file, const bf_status *s)
{
    if (s->code == BF_E_IO || s->code == BF_E_MEMORY) v->unreadable = true;
    bf_inspection_find(v, file, "%s", s->what);
}

typedef struct visit { bf_inspection *inspection; const char *name; } visit;

/* HDF5 1.12 renamed the walks and their records. */
#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info2_t object_info;
typedef H5L_info2_t link_info;
#define WALK(file, visitor, state) H5Ovisit3((file), H5_INDEX_NAME, H5_ITER_NATIVE, (visitor), (state), H5O_INFO_BASIC)
#define WALK_LINKS(file, visitor, state) H5Lvisit2((file), H5_INDEX_NAME, H5_ITER_NATIVE, (visitor), (state))
#else
typedef H5O_info_t object_info;
typedef H5L_info_t link_info;
#define WALK(file, visitor, state) H5Ovisit2((file), H5_INDEX_NAME, H5_ITER_NATIVE, (visitor), (state), H5O_INFO_BASIC)
#define WALK_LINKS(file, visitor, state) H5Lvisit((file), H5_INDEX_NAME, H5_ITER_NATIVE, (visitor), (state))
#endif

static void tell_walk(const visit *at, herr_t walked, const char *what)
{
    if (walked >= 0) return;
    bf_status s = BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, what, "cannot be walked");
    bf_inspection_fail(at->inspection, at->name, &s);
}

static herr_t inspect_object(hid_t root, const char *path, const object_info *info, void *state)
{
    const visit *at = state;
    bf_verify_report *r = at->inspection->report;
    bool present = false;
    if (info->type != H5O_TYPE_DATASET) return 0;
    hid_t id = H5Dopen2(root, path, H5P_DEFAULT);
    if (id >= 0 && H5DSis_scale(id) > 0 && H5Dget_storage_size(id) == 0) return H5Dclose(id);      /* an axis without values */
    r->datasets++;
    bf_status s = id < 0 ? BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, "the dataset", "cannot be opened") : bf_h5_verify(id, &present);
    if (s.code == BF_E_IO || s.code == BF_E_MEMORY) at->inspection->unreadable = true;
    if (s.code) bf_inspection_find(at->inspection, at->name, "/%s: %s", path, s.what);
    else if (!present) bf_inspection_find(at->inspection, at->name, "/%s: has no checksum", path);
    else r->checksums++;
    if (id >= 0) H5Dclose(id);
    return 0;
}

void bf_inspect_datasets(bf_inspection *v, hid_t file, const char *name)
{
    visit at = { v, name };
    tell_walk(&at, WALK(file, inspect_object, &at), "its groups");
}

static herr_t inspect_data_link(hid_t root, const char *path, const link_info *info, void *state)
{
    const visit *at = state;
    bf_link_end end;
    if (info->type != H5L_TYPE_EXTERNAL || strncmp(path, "data/", 5) != 0) return 0;
    bf_status s = bf_link_open(root, path, "data.h5", NULL, &end);
    if (!s.code) s = bf_link_close(&end);
    if (s.code == BF_E_IO || s.code == BF_E_MEMORY) at->inspection->unreadable = true;
    if (s.code) bf_inspection_find(at->inspection, at->name, "/%s: leads to nothing: %s", path, s.what);
    return 0;
}

void bf_inspect_data_links(bf_inspection *v, hid_t file, const char *name)
{
    visit at = { v, name };
    tell_walk(&at, WALK_LINKS(file, inspect_data_link, &at), "its links");
}

void bf_inspect_config(bf_inspection *v, hid_t file, const char *name, const char *group)
{
    int64_t status = 0;
    char hash[17];
    hid_t at = H5Gopen2(file, group, H5P_DEFAULT);
    bf_status s = at < 0 ? BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, group, "no such group") : bf_h5_get_int(at, "status", &status);
    if (!s.code) s = bf_h5_get_text(at, "config_hash", hash, sizeof hash);
    if (!s.code && !bf_config_has_ended(status))
        s = BF_FAIL(BF_E_FORMAT, "%s has not ended, its status is %lld", group, (long long)status);
    if (s.code) bf_inspection_fail(v, name, &s);
    if (at >= 0) H5Gclose(at);
}
