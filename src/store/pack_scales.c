#include "store/pack_plan.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "store/h5_read.h"
#include "store/h5_write.h"

/* Names of axes. h5netcdf finds a scale in the dataset's group or in one above it, never beside it; xarray.open_datatree wants one length
 * per name along each path from the root. So a name that already stands for another length gets the length as its end: epoch, epoch_12. */

/* The group whose scales serve a dataset: "" is the root. */
static void scope_of(const char *to, char *out, size_t size)
{
    size_t n = 0;
    if (strncmp(to, "/configs/", 9) == 0) n = 9 + strcspn(to + 9, "/");
    else if (strncmp(to, "/data/set", 9) == 0) n = 9 + strcspn(to + 9, "/");
    else if (strncmp(to, "/data/", 6) == 0) n = 5;
    else if (strncmp(to, "/provenance/runs/", 17) == 0) n = 16;
    snprintf(out, size, "%.*s", (int)n, to);
}

/* Training and test part have lengths of their own. */
static const char *part_of(const char *to)
{
    return strstr(to, "/train") ? "_train" : strstr(to, "/test") ? "_test" : "";
}

typedef enum fit { FREE, FITS, TAKEN } fit;     /* no such object; a scale of this length; anything else */

/* Opens what stands at path when it FITS: *out, H5Dclose(). */
static fit look(hid_t file, const char *path, hsize_t length, hid_t *out)
{
    hsize_t shape[32] = { 0 };
    *out = H5I_INVALID_HID;
    if (!bf_h5_has(file, path)) return FREE;
    hid_t id = H5Oopen(file, path, H5P_DEFAULT);
    if (id >= 0 && H5Iget_type(id) == H5I_DATASET && H5DSis_scale(id) > 0) {
        hid_t space = H5Dget_space(id);
        if (H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, shape, NULL) == 1 && shape[0] == length) *out = id;
        H5Sclose(space);
    }
    if (id >= 0 && *out < 0) H5Oclose(id);
    return *out >= 0 ? FITS : TAKEN;
}

/* netCDF's way to say that an axis has a name and a length but no values; it takes no room for data. */
static bf_status make_dimension(hid_t file, const char *path, hsize_t length, hid_t *out)
{
    hid_t space = H5Screate_simple(1, &length, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(list, false);
    H5Pset_alloc_time(list, H5D_ALLOC_TIME_LATE);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    *out = H5Dcreate2(file, path, H5T_STD_I8LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    char name[80];
    snprintf(name, sizeof name, "This is a netCDF dimension but not a netCDF variable.%10llu", (unsigned long long)length);
    bf_status s = *out < 0 || H5DSset_scale(*out, name) < 0 ? BF_H5_FAIL(BF_E_IO, file, path, "cannot become a scale") : BF_DONE;
    H5Pclose(list);
    H5Sclose(space);
    return s;
}

/* A name is taken in a configuration's group also when it stands for another length at the root. */
static bool clashes(hid_t file, const char *scope, const char *label, hsize_t length)
{
    char root[128];
    hid_t id;
    snprintf(root, sizeof root, "/%s", label);
    const fit f = *scope ? look(file, root, length, &id) : FREE;
    if (f == FITS) H5Dclose(id);
    return f == TAKEN;
}

/* Finds or makes the scale for one axis. *out: H5Dclose() when it is an id, also after a failure. */
static bf_status scale_for(hid_t file, const char *scope, const char *label, hsize_t length, hid_t *out)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", scope, label);
    fit f = look(file, path, length, out);
    if (f == TAKEN || (f == FREE && clashes(file, scope, label, length))) {
        snprintf(path, sizeof path, "%s/%s_%llu", scope, label, (unsigned long long)length);
        f = look(file, path, length, out);
    }
    if (f == TAKEN) return BF_FAIL(BF_E_FORMAT, "%s is no name for an axis, something else has it", path);
    return f == FREE ? make_dimension(file, path, length, out) : BF_DONE;
}

static bf_status attach(hid_t file, hid_t dataset, const char *scope, const char *label, hsize_t length, unsigned axis)
{
    hid_t scale = H5I_INVALID_HID;
    bf_status s = scale_for(file, scope, label, length, &scale);
    if (!s.code && H5DSattach_scale(dataset, scale, axis) < 0) s = BF_H5_FAIL(BF_E_IO, dataset, label, "cannot attach the scale");
    if (scale >= 0) H5Dclose(scale);
    return s;
}

/* The n-th word of dims; "dim" when there are fewer. */
static void label_of(const char *dims, int n, char *out, size_t size)
{
    const char *at = dims + strspn(dims, " ");
    for (int i = 0; i < n && *at; i++) {
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
    const size_t length = strcspn(at, " ");
    snprintf(out, size, "%.*s", length ? (int)length : 3, length ? at : "dim");
}

bf_status bf_pack_scales(hid_t file, hid_t dataset, const char *to)
{
    char dims[128] = "", scope[64], word[64], label[80], path[200];
    bf_h5_span span;
    hid_t space = H5Dget_space(dataset);
    span.rank = H5Sget_simple_extent_dims(space, span.shape, NULL);
    H5Sclose(space);
    if (H5Aexists(dataset, "dims") > 0) BF_TRY(bf_h5_get_text(dataset, "dims", dims, sizeof dims));
    scope_of(to, scope, sizeof scope);
    for (int axis = 0; axis < span.rank; axis++) {
        label_of(dims, axis, word, sizeof word);
        snprintf(label, sizeof label, "%s%s", word, strcmp(word, "sample") == 0 ? part_of(to) : "");
        snprintf(path, sizeof path, "%s/%s", scope, label);
        if (strcmp(path, to) == 0) {        /* it is the scale */
            if (H5DSset_scale(dataset, label) < 0) return BF_H5_FAIL(BF_E_IO, dataset, "", "cannot become a scale");
            continue;
        }
        BF_TRY(attach(file, dataset, scope, label, span.shape[axis], (unsigned)axis));
    }
    return BF_DONE;
}
