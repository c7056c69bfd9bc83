#include "store/link.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bf_status bf_link_read(hid_t at, const char *path, bf_link *out)
{
    H5L_info_t info;
    char value[256];
    const char *file = NULL, *object = NULL;
    unsigned flags;
    *out = (bf_link){ .external = false };
    if (H5Lget_info(at, path, &info, H5P_DEFAULT) < 0) return BF_FAIL(BF_E_FORMAT, "%s is missing", path);
    if (info.type == H5L_TYPE_HARD) return BF_DONE;
    if (info.type != H5L_TYPE_EXTERNAL) return BF_FAIL(BF_E_FORMAT, "%s: a link of a kind betafield does not write", path);
    if (info.u.val_size > sizeof value || H5Lget_val(at, path, value, sizeof value, H5P_DEFAULT) < 0
        || H5Lunpack_elink_val(value, info.u.val_size, &flags, &file, &object) < 0 || strlen(file) >= sizeof out->file || strlen(object) >= sizeof out->object)
        return BF_FAIL(BF_E_FORMAT, "%s: a link that cannot be read", path);
    out->external = true;
    strcpy(out->file, file);
    strcpy(out->object, object);
    return BF_DONE;
}

static bf_status join_folder(const char *of, const char *name, char *out, size_t size)
{
    char folder[BF_PATH];
    const char *slash = strrchr(of, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash == of ? 1 : slash - of) : 0, of);
    return bf_file_join(out, size, folder, name);
}

/* A file in the folder of an open one: as it was named, and when there is nothing, where a symbolic link of that name leads. */
static bf_status find_beside(hid_t file, const char *name, char *out, size_t size)
{
    char own[BF_PATH];
    const ssize_t n = H5Fget_name(file, own, sizeof own);
    if (n < 0 || (size_t)n >= sizeof own) return BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, name, "lies beside a file without a name");
    BF_TRY(join_folder(own, name, out, size));
    if (bf_file_exists(out)) return BF_DONE;
    char *real = realpath(own, NULL);
    bf_status s = real ? join_folder(real, name, out, size) : BF_DONE;
    free(real);
    return s.code || bf_file_exists(out) ? s : BF_FAIL(BF_E_FORMAT, "there is no %s beside it", name);
}

bf_status bf_link_open(hid_t file, const char *path, const char *wanted, const char *object, bf_link_end *out)
{
    bf_link link;
    char other[BF_PATH];
    *out = (bf_link_end){ H5I_INVALID_HID, H5I_INVALID_HID };
    BF_TRY(bf_link_read(file, path, &link));
    if (link.external && (strcmp(link.file, wanted) != 0 || (object && strcmp(link.object, object) != 0)))
        return BF_FAIL(BF_E_FORMAT, "%s leads to %s in %s and not to %s", path, link.object, link.file, wanted);
    if (link.external) BF_TRY(find_beside(file, wanted, other, sizeof other));
    if (link.external) BF_TRY(bf_h5_open(other, false, MPI_COMM_NULL, &out->file));
    out->object = link.external ? H5Oopen(out->file, link.object, H5P_DEFAULT) : H5Oopen(file, path, H5P_DEFAULT);
    if (out->object >= 0) return BF_DONE;
    bf_status s = BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, link.external ? link.object : path, "cannot be opened");
    bf_status closed = bf_link_close(out);
    return s.code ? s : closed;
}

bf_status bf_link_close(bf_link_end *end)
{
    if (end->object >= 0) H5Oclose(end->object);
    end->object = H5I_INVALID_HID;
    return bf_h5_close(&end->file, "a file that a link leads to");
}
