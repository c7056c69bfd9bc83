#include "store/verify.h"

#include "base/file.h"
#include "base/plural.h"
#include "store/h5_read.h"
#include "store/inspection.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* name: what findings call the file. group: a configuration's, or NULL. */
static void inspect_file(bf_inspection *v, const char *path, const char *name, const char *group, bool tables)
{
    hid_t file = H5I_INVALID_HID;
    bf_status s = bf_h5_open(path, false, MPI_COMM_NULL, &file);
    if (s.code) {
        if (s.code == BF_E_IO) v->unreadable = true;
        bf_inspection_find(v, name, "%s", s.code == BF_E_IO ? "cannot be read" : "not a whole HDF5 file");
        return;
    }
    bf_inspect_datasets(v, file, name);
    if (group) bf_inspect_config(v, file, name, group);
    if (tables) bf_inspect_tables(v, file, name);
    if (tables) bf_inspect_data_links(v, file, name);
    s = bf_h5_close(&file, path);
    if (s.code) bf_inspection_fail(v, name, &s);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void free_names(char **names, int n)
{
    for (int i = 0; i < n; i++) free(names[i]);
    free(names);
}

/* The names in a folder, sorted; none when it does not exist. */
static bf_status list(const char *folder, char ***names, int *n)
{
    *names = NULL;
    *n = 0;
    DIR *d = opendir(folder);
    if (!d) return errno == ENOENT ? BF_DONE : BF_FAIL(BF_E_IO, "%s: cannot list: %s", folder, strerror(errno));
    bf_status s = BF_DONE;
    for (struct dirent *e; !s.code && (e = readdir(d)) != NULL;) {
        char **more = realloc(*names, ((size_t)*n + 1) * sizeof *more);
        if (more) *names = more;
        char *copy = more ? strdup(e->d_name) : NULL;
        if (copy) (*names)[(*n)++] = copy;
        else s = BF_FAIL(BF_E_MEMORY, "no memory for the names in %s", folder);
    }
    closedir(d);
    if (*n) qsort(*names, (size_t)*n, sizeof **names, by_name);
    return s;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* "c0007.h5" and nothing longer; what --retry-failed set aside has another name. */
static bool is_config_file(const char *name)
{
    const size_t digits = name[0] == 'c' ? strspn(name + 1, "0123456789") : 0;
    return digits >= 4 && strcmp(name + 1 + digits, ".h5") == 0;
}

static void inspect_entry(bf_inspection *v, const char *dir, const char *folder, const char *name, bool configs)
{
    char path[BF_PATH], label[320], group[64] = "";
    snprintf(label, sizeof label, "%s/%s", folder, name);
    if (ends_with(name, ".tmp")) {
        fprintf(v->to, "note: %s is being written, or was left behind by a run that was killed; the next one removes it\n", label);
        return;
    }
    if (!ends_with(name, ".h5") || (configs && !is_config_file(name))) return;
    if (configs) snprintf(group, sizeof group, "/configs/%.*s", (int)(strlen(name) < 40 ? strlen(name) - 3 : 40), name);
    bf_status s = bf_file_join(path, sizeof path, dir, label);
    if (s.code) bf_inspection_fail(v, label, &s);
    else inspect_file(v, path, label, configs ? group : NULL, false);
}

static bf_status inspect_folder(bf_inspection *v, const char *dir, const char *folder, bool configs)
{
    char path[BF_PATH], **names;
    int n;
    BF_TRY(bf_file_join(path, sizeof path, dir, folder));
    bf_status s = list(path, &names, &n);
    for (int i = 0; !s.code && i < n; i++) inspect_entry(v, dir, folder, names[i], configs);
    free_names(names, n);
    return s;
}

static bf_status inspect_study(bf_inspection *v, const char *dir)
{
    char study[BF_PATH], data[BF_PATH], configs[BF_PATH];
    BF_TRY(bf_file_join(study, sizeof study, dir, "study.h5"));
    BF_TRY(bf_file_join(data, sizeof data, dir, "data.h5"));
    BF_TRY(bf_file_join(configs, sizeof configs, dir, "configs"));
    const bool index = bf_file_exists(study);
    if (!index && !bf_file_exists(configs)) return BF_FAIL(BF_E_INPUT, "%s: no study's folder: it has neither study.h5 nor configs/", dir);
    if (index) inspect_file(v, study, "study.h5", NULL, true);
    else fprintf(v->to, "note: there is no study.h5 yet; the next run makes it from configs/\n");
    if (bf_file_exists(data)) inspect_file(v, data, "data.h5", NULL, false);
    BF_TRY(inspect_folder(v, dir, "configs", true));
    return inspect_folder(v, dir, "checkpoints", false);
}

/* One file: a table of a study (packed or linked) when it has /sweep; otherwise whatever we wrote. */
static bf_status inspect_single(bf_inspection *v, const char *path)
{
    hid_t file = H5I_INVALID_HID;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, &file));
    const bool tables = bf_h5_has(file, "/sweep"), config = !tables && bf_h5_has(file, "/configs");
    BF_TRY(bf_h5_close(&file, path));
    inspect_file(v, path, name, NULL, tables);
    if (v->report->checksums == 0) return BF_FAIL(BF_E_INPUT, "%s: no dataset has a checksum: not written by betafield", path);
    v->report->configurations += config;
    return BF_DONE;
}

bf_status bf_verify(const char *path, FILE *to, bf_verify_report *out)
{
    struct stat st;
    bf_inspection v = { .to = to, .report = out };
    *out = (bf_verify_report){ 0 };
    if (stat(path, &st) != 0) return BF_FAIL(errno == ENOENT || errno == ENOTDIR ? BF_E_INPUT : BF_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) return BF_FAIL(BF_E_INPUT, "%s: neither a folder nor a file", path);     /* a pipe would be waited for */
    BF_TRY(S_ISDIR(st.st_mode) ? inspect_study(&v, path) : inspect_single(&v, path));
    if (v.unreadable) return BF_FAIL(BF_E_IO, "%s: some of it could not be read", path);
    if (out->bad) return BF_FAIL(BF_E_FORMAT, "%s: %lld finding%s", path, (long long)out->bad, bf_plural(out->bad));
    return BF_DONE;
}
