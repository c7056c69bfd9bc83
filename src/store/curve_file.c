#include "store/curve_file.h"

#include "base/file.h"
#include "store/h5_scale.h"
#include "store/h5_write.h"

#include <stdio.h>
#include <unistd.h>

static bf_status put_column(hid_t file, const char *group, hid_t scale, hsize_t rows, const bf_curve_column *c)
{
    char path[128];
    hid_t id = H5I_INVALID_HID;
    snprintf(path, sizeof path, "/%s/%s", group, c->name);
    const bf_object *o = bf_schema_find(path);
    if (!o) return BF_FAIL(BF_E_INTERNAL, "%s is not in the schema", path);
    hid_t type = c->type == BF_COLUMN_TEXT ? bf_h5_text_type((size_t)c->width)
                                           : H5Tcopy(c->type == BF_COLUMN_I8 ? H5T_STD_I8LE : c->type == BF_COLUMN_F64 ? H5T_IEEE_F64LE : H5T_STD_I64LE);
    const bf_h5_dataset d = { .name = path, .type = type, .rank = 1, .shape = { rows }, .dims = o->dims, .unit = o->unit,
                              .long_name = o->long_name, .definition = o->meaning };
    bf_status s = bf_h5_put(file, &d, c->values, &id);
    if (!s.code) s = bf_h5_attach(id, scale, 0);
    if (id >= 0) H5Dclose(id);
    H5Tclose(type);
    return s;
}

static bf_status put_table(hid_t file, const char *axis, const char *group, int rows, const bf_curve_column *columns, int n)
{
    hid_t scale = H5I_INVALID_HID;
    BF_TRY(bf_h5_put_counting_scale(file, axis, NULL, (hsize_t)rows, 0, &scale));
    bf_status s = BF_DONE;
    for (int i = 0; !s.code && i < n; i++) s = put_column(file, group, scale, (hsize_t)rows, &columns[i]);
    H5Dclose(scale);
    return s;
}

static bf_status put_all(hid_t file, const bf_curve_tables *t)
{
    BF_TRY(bf_h5_put_text(file, "Conventions", "CF-1.8"));
    BF_TRY(bf_h5_put_int(file, "schema_version", BF_SCHEMA_VERSION));
    BF_TRY(bf_h5_put_attrs(file, t->attrs, t->n_attrs));
    BF_TRY(put_table(file, "/curve", "curves", t->curves, t->curve, t->n_curve));
    return put_table(file, "/point", "points", t->points, t->point, t->n_point);
}

static bf_status save(const bf_curve_tables *t, const char *tmp)
{
    hid_t file = H5I_INVALID_HID;
    BF_TRY(bf_h5_memory(&file));
    bf_status s = put_all(file, t);
    if (!s.code) s = bf_h5_save(file, tmp);
    bf_status closed = bf_h5_close(&file, "curve.h5 in memory");
    return s.code ? s : closed;
}

bf_status bf_curve_file_write(const char *path, const char *tag, const bf_curve_tables *t)
{
    char tmp[BF_PATH];
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, path, tag));
    bf_status s = save(t, tmp);
    if (!s.code) s = bf_file_publish(tmp, path);
    if (s.code) unlink(tmp);
    return s;
}
