#include "store/h5.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checksums are taken of arrays in memory and of bytes in files; they agree because both are little endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files and checksums are little endian");

hid_t bf_h5_type(bf_type type)
{
    switch (type) {
    case BF_TYPE_F32: return H5T_IEEE_F32LE;
    case BF_TYPE_F64: return H5T_IEEE_F64LE;
    case BF_TYPE_I64: return H5T_STD_I64LE;
    case BF_TYPE_I32: return H5T_STD_I32LE;
    case BF_TYPE_U8:  return H5T_STD_U8LE;
    }
    return H5I_INVALID_HID;
}

/* The innermost entry of the stack says what happened; the others repeat it from further away. */
static herr_t innermost(unsigned n, const H5E_error2_t *e, void *text)
{
    const char *system = strstr(e->desc, "error message = '");
    if (n == 0 && system) {
        system += strlen("error message = '");
        snprintf(text, 80, "%.*s", (int)strcspn(system, "'"), system);
    } else if (n == 0) {
        snprintf(text, 80, "%s", e->desc);
    }
    return 0;
}

/* The end of a long path says more than its beginning. */
static const char *tail(const char *text, size_t most)
{
    size_t n = strlen(text);
    return n > most ? text + n - most : text;
}

bf_status bf_h5_error(const char *source, int line, bf_code code, hid_t at, const char *name, const char *doing)
{
    char said[80] = "", file[BF_PATH] = "", object[256] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, said);       /* first: any other call clears the stack */
    if (at >= 0) H5Fget_name(at, file, sizeof file);
    if (at >= 0) H5Iget_name(at, object, sizeof object);
    const char *between = *object && *name && strcmp(object, "/") != 0 ? "/" : "";
    return bf_status_make(code, source, line, "%s%s%s%s%s: %s%s%s", tail(file, 70), *file ? ": " : "", strcmp(object, "/") == 0 ? "" : tail(object, 40), between,
                          tail(name, *file ? 40 : 100), doing, *said ? ": " : "", said);
}

static hid_t access_list(void)
{
    hid_t p = H5Pcreate(H5P_FILE_ACCESS);
    /* V18 is the oldest format with checksummed metadata; what is written opens with every HDF5 since 1.10. */
    H5Pset_libver_bounds(p, H5F_LIBVER_V18, H5F_LIBVER_V110);
    H5Pset_fclose_degree(p, H5F_CLOSE_SEMI);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(p, false, true);    /* files are published whole by rename; some file systems have no locks */
#endif
    return p;
}

static bool access_refused(const char *path, bool write)
{
    int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd < 0;
}

bf_status bf_h5_open(const char *path, bool write, MPI_Comm team, hid_t *out)
{
    struct stat st;
    *out = H5I_INVALID_HID;
    /* HDF5 would wait for the other end of a pipe. What else is no file it refuses, or the system does, which is another answer. */
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) return BF_FAIL(BF_E_FORMAT, "%.180s: not a regular file", path);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = access_list();
    if (team != MPI_COMM_NULL) H5Pset_fapl_mpio(access, team, MPI_INFO_NULL);
    *out = H5Fopen(path, write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);
    bf_status s = BF_DONE;
    if (*out < 0) {
        /* The system's own refusals (rights, a vanished file) can be asked for; what it grants and HDF5 refuses is damaged. */
        bool refused = team != MPI_COMM_NULL || access_refused(path, write);
        s = BF_H5_FAIL(refused ? BF_E_IO : BF_E_FORMAT, H5I_INVALID_HID, path, refused ? "cannot open" : "not a whole HDF5 file");
    }
    H5Pclose(access);
    return s;
}

bf_status bf_h5_memory(hid_t *out)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = access_list(), create = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_fapl_core(access, (size_t)1 << 20, false);
    /* Without tracked order ncdump shows an empty file. */
    H5Pset_link_creation_order(create, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(create, false);
    H5Pset_link_phase_change(create, BF_H5_COMPACT, BF_H5_COMPACT / 2);
    *out = H5Fcreate("betafield.h5", H5F_ACC_TRUNC, create, access);
    H5Pclose(create);
    H5Pclose(access);
    return *out < 0 ? BF_H5_FAIL(BF_E_MEMORY, H5I_INVALID_HID, "a file in memory", "cannot create") : BF_DONE;
}

bf_status bf_h5_close(hid_t *file, const char *path)
{
    bf_status s = BF_DONE;
    if (*file >= 0 && H5Fclose(*file) < 0) s = BF_H5_FAIL(BF_E_IO, H5I_INVALID_HID, path, "cannot close");
    *file = H5I_INVALID_HID;
    return s;
}

static bf_status write_file(const char *path, const void *bytes, size_t n)
{
    FILE *to = fopen(path, "wbe");
    bool written = to && fwrite(bytes, 1, n, to) == n;
    int why = errno;
    if (to && fclose(to) != 0 && written) {
        written = false;
        why = errno;
    }
    return written ? BF_DONE : BF_FAIL(BF_E_IO, "%s: cannot write: %s", path, strerror(why));
}

bf_status bf_h5_save(hid_t file, const char *path)
{
    void *bytes = NULL;
    bool flushed = H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0 && H5Fget_vfd_handle(file, H5P_DEFAULT, &bytes) >= 0 && bytes;
    ssize_t size = flushed ? H5Fget_file_image(file, NULL, 0) : -1;
    if (size <= 0) return BF_H5_FAIL(BF_E_MEMORY, H5I_INVALID_HID, path, "cannot be built in memory");
    /* The buffer itself, because the copy HDF5 would give has a superblock whose checksum does not hold. */
    BF_TRY(write_file(path, *(void **)bytes, (size_t)size));
    /* Closing it once as a file takes away the mark of a file in use; only the superblock's own bytes are rewritten. */
    hid_t saved;
    BF_TRY(bf_h5_open(path, true, MPI_COMM_NULL, &saved));
    return bf_h5_close(&saved, path);
}

bf_status bf_h5_prepare(const char *path, int64_t bytes)
{
    hid_t file;
    BF_TRY(bf_h5_memory(&file));
    bf_status s = bf_h5_save(file, path);
    bf_status closed = bf_h5_close(&file, "a file in memory");
    if (s.code || closed.code) return s.code ? s : closed;
    return bf_h5_reserve(path, bytes);
}

bf_status bf_h5_reserve(const char *path, int64_t bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return BF_FAIL(BF_E_IO, "%s: cannot open: %s", path, strerror(errno));
    int refused;
    do      /* a signal that asks to stop interrupts it, handler or not: memory file systems do not go on by themselves */
        refused = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes) == 0 ? 0 : errno;
    while (refused == EINTR);
    close(fd);
    if (refused == EOPNOTSUPP || refused == ENOSYS) {       /* a file system without reservations: ask what is free */
        int64_t room = bf_file_free_space(path);
        refused = room >= 0 && room < bytes - bf_file_size(path) ? ENOSPC : 0;
    }
    return refused ? BF_FAIL(BF_E_IO, "%s: cannot reserve %lld bytes: %s", path, (long long)bytes, strerror(refused)) : BF_DONE;
}

bf_status bf_h5_settle(const char *path)
{
    const int64_t size = bf_file_size(path);
    return size >= 0 && truncate(path, (off_t)size) == 0 ? BF_DONE : BF_FAIL(BF_E_IO, "%s: cannot trim: %s", path, strerror(errno));
}
