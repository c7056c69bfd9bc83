#include "store/table_file.h"

#include "base/file.h"
#include "store/h5_scale.h"
#include "store/h5_write.h"

#include <stdio.h>
#include <unistd.h>

static bf_status put_column(hid_t file, const bf_stored_table *t, hid_t scale, const bf_table_column *c)
{
    char path[128];
    hid_t id = H5I_INVALID_HID;
    snprintf(path, sizeof path, "/%s/%s", t->group, c->name);
    const bf_object *o = bf_schema_find(path);
    if (!o) return BF_FAIL(BF_E_INTERNAL, "%s is not in the schema", path);
    hid_t type = c->type == BF_COLUMN_TEXT ? bf_h5_text_type((size_t)c->width)
                                           : H5Tcopy(c->type == BF_COLUMN_I8 ? H5T_STD_I8LE : c->type == BF_COLUMN_F64 ? H5T_IEEE_F64LE : H5T_STD_I64LE);
    const bf_h5_dataset d = { .name = path, .type = type, .rank = 1, .shape = { (hsize_t)t->rows }, .dims = o->dims, .unit = o->unit,
                              .long_name = o->long_name, .definition = o->meaning };
    bf_status s = bf_h5_put(file, &d, c->values, &id);
    if (!s.code) s = bf_h5_attach(id, scale, 0);
    if (id >= 0) H5Dclose(id);
    H5Tclose(type);
    return s;
}

static bf_status put_table(hid_t file, const bf_stored_table *t)
{
    hid_t scale = H5I_INVALID_HID;
    BF_TRY(bf_h5_put_counting_scale(file, t->axis, NULL, (hsize_t)t->rows, 0, &scale));
    bf_status s = BF_DONE;
    for (int i = 0; !s.code && i < t->n; i++) s = put_column(file, t, scale, &t->column[i]);
    H5Dclose(scale);
    return s;
}

static bf_status put_all(hid_t file, const bf_attr *attrs, int n_attrs, const bf_stored_table *tables, int n)
{
    BF_TRY(bf_h5_put_text(file, "Conventions", "CF-1.8"));
    BF_TRY(bf_h5_put_int(file, "schema_version", BF_SCHEMA_VERSION));
    BF_TRY(bf_h5_put_attrs(file, attrs, n_attrs));
    for (int i = 0; i < n; i++) BF_TRY(put_table(file, &tables[i]));
    return BF_DONE;
}

bf_status bf_table_file_write(const char *path, const char *tag, const bf_attr *attrs, int n_attrs, const bf_stored_table *tables, int n)
{
    char tmp[BF_PATH];
    hid_t file = H5I_INVALID_HID;
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, path, tag));
    BF_TRY(bf_h5_memory(&file));
    bf_status s = put_all(file, attrs, n_attrs, tables, n);
    if (!s.code) s = bf_h5_save(file, tmp);
    bf_status closed = bf_h5_close(&file, "a file of tables in memory");
    if (!s.code) s = closed;
    if (!s.code) s = bf_file_publish(tmp, path);
    if (s.code) unlink(tmp);
    return s;
}
