#include "store/h5_scale.h"

#include "store/h5_write.h"

#include <hdf5_hl.h>
#include <stdlib.h>

bf_status bf_h5_put_scale(hid_t file, const char *path, hid_t type, hsize_t n, const void *values, hid_t *out)
{
    const bf_object *o = bf_schema_find(path);
    const bf_h5_dataset d = { .name = path, .type = type, .rank = 1, .shape = { n }, .dims = o->dims, .unit = o->unit, .long_name = o->long_name };
    BF_TRY(bf_h5_put(file, &d, values, out));
    if (H5DSset_scale(*out, o->dims) >= 0) return BF_DONE;
    bf_status s = BF_H5_FAIL(BF_E_MEMORY, file, path, "cannot become a scale");
    H5Dclose(*out);
    *out = H5I_INVALID_HID;
    return s;
}

bf_status bf_h5_put_counting_scale(hid_t file, const char *path, const int *ids, hsize_t n, int32_t first, hid_t *out)
{
    int32_t *v = malloc((n + 1) * sizeof *v);
    if (!v) return BF_FAIL(BF_E_MEMORY, "no memory for %s", path);
    for (hsize_t i = 0; i < n; i++) v[i] = ids ? ids[i] : first + (int32_t)i;
    bf_status s = bf_h5_put_scale(file, path, H5T_STD_I32LE, n, v, out);
    free(v);
    return s;
}

bf_status bf_h5_attach(hid_t dataset, hid_t scale, unsigned axis)
{
    return H5DSattach_scale(dataset, scale, axis) < 0 ? BF_H5_FAIL(BF_E_MEMORY, dataset, "", "cannot attach a scale") : BF_DONE;
}
