#include "cli/results.h"

#include <string.h>

#include "base/file.h"
#include "store/own_files.h"
#include "store/study_read.h"

bf_status bf_results_open(const char *dir, const bf_schema *schema, bf_results *out)
{
    char yaml[BF_PATH], h5[BF_PATH];
    BF_TRY(bf_file_join(yaml, sizeof yaml, dir, "study.yaml"));
    BF_TRY(bf_file_join(h5, sizeof h5, dir, "study.h5"));
    if (!bf_file_exists(yaml)) return BF_FAIL(BF_E_INPUT, "%s is no study: there is no study.yaml", dir);
    if (!bf_file_exists(h5)) return BF_FAIL(BF_E_INPUT, "%s: nothing has ended yet: there is no study.h5", dir);
    BF_TRY(bf_input_read(&out->in, yaml));
    BF_TRY(bf_input_parse(&out->in, NULL));
    BF_TRY(bf_input_verdict(&out->in, stderr));
    out->in.path = NULL;
    BF_TRY(bf_study_read_rows(dir, schema, &out->configs, &out->rows));
    if (out->configs > bf_study_count(out->in.study))
        return BF_FAIL(BF_E_FORMAT, "%s: study.h5 has %d configurations, study.yaml names %d", dir, out->configs, bf_study_count(out->in.study));
    return BF_DONE;
}

bf_status bf_results_split(const char *text, int *split)
{
    *split = strcmp(text, "test") == 0;
    return *split || strcmp(text, "train") == 0 ? BF_DONE : BF_FAIL(BF_E_USAGE, "--split: expected train or test, got '%.60s'", text);
}

bf_status bf_results_spare(const bf_texts *dirs, const char *out, const char *csv)
{
    if (out && csv && strcmp(out, csv) == 0) return BF_FAIL(BF_E_USAGE, "-o and --csv: both are %s", out);
    for (int i = 0; out && i < dirs->count; i++) BF_TRY(bf_own_files_spare(dirs->at[i], out));
    for (int i = 0; csv && i < dirs->count; i++) BF_TRY(bf_own_files_spare(dirs->at[i], csv));
    return BF_DONE;
}

void bf_results_close(bf_results *r)
{
    bf_study_rows_free(r->configs, &r->rows);
    bf_input_free(&r->in);
    memset(r, 0, sizeof *r);
}
