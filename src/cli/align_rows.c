#include "cli/align_rows.h"

#include <stdlib.h>
#include <string.h>

#include "farm/folder.h"
#include "measure/alignment.h"
#include "measure/subset.h"
#include "store/data_file.h"

/* One row at a time, so that a split of any length takes the memory of what is compared. */
static bf_status read_part(const bf_data_file *file, const char *name, const bf_align_rows *r, float *to)
{
    BF_TRY(bf_data_file_check(file, name));
    for (int64_t i = 0; i < r->count; i++)
        BF_TRY(bf_data_file_rows(file, name, BF_TYPE_F32, bf_subset_index(i, r->count, r->samples), 1, to + (size_t)i * (size_t)r->latent));
    return BF_DONE;
}

static bf_status read_parts(const bf_data_file *file, const bf_align_member *from, int split, bf_align_rows *out)
{
    char name[2][BF_ALIGN_PATH];
    bf_array about[2];
    bool found;
    for (int p = 0; p < 2; p++) {
        bf_align_part(from, split, p ? "z" : "mean", name[p]);
        BF_TRY(bf_data_file_describe(file, name[p], &about[p], &found));
        if (!found) return BF_FAIL(BF_E_FORMAT, "c%04d has no %s", from->config, name[p]);
        const int64_t *shape = about[p].shape;
        if (about[p].rank != 2 || about[p].type != BF_TYPE_F32 || shape[0] < 1 || shape[0] != about[0].shape[0] || shape[1] != from->latent)
            return BF_FAIL(BF_E_FORMAT, "c%04d: %s is no posterior of %d dimensions", from->config, name[p], from->latent);
    }
    out->samples = about[0].shape[0];
    out->count = out->samples < BF_ALIGNMENT_SAMPLES ? out->samples : BF_ALIGNMENT_SAMPLES;
    out->latent = from->latent;
    const size_t numbers = (size_t)out->count * (size_t)out->latent;
    out->mean = malloc(numbers * sizeof *out->mean);
    out->z = malloc(numbers * sizeof *out->z);
    if (!out->mean || !out->z) return BF_FAIL(BF_E_MEMORY, "no memory for the posterior of c%04d", from->config);
    BF_TRY(read_part(file, name[0], out, out->mean));
    return read_part(file, name[1], out, out->z);
}

bf_status bf_align_rows_read(const char *dir, int split, const bf_align_member *from, bf_align_rows *out)
{
    char path[BF_PATH];
    bf_data_file *file;
    bf_align_rows_free(out);
    BF_TRY(bf_folder_config(dir, from->config, ".h5", path, sizeof path));
    BF_TRY(bf_data_file_open(path, &file));
    bf_status s = read_parts(file, from, split, out);
    bf_data_file_close(&file);
    if (s.code) bf_align_rows_free(out);
    return s;
}

void bf_align_rows_free(bf_align_rows *r)
{
    free(r->mean);
    free(r->z);
    memset(r, 0, sizeof *r);
}
