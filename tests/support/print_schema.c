/* print_schema: the page outputs/README.md. print_schema FILE: is that file still this page? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "measure/measure.h"
#include "store/schema.h"
#include "train/trainer.h"

enum { MOST = 256 };

static int all_metrics(bf_column *to)
{
    int n = 0;
    for (int i = 0; bf_measure_row(i); i++)
        for (int j = 0; j < BF_MAX_COLUMNS && bf_measure_row(i)->column[j].name && n < MOST; j++) to[n++] = bf_measure_row(i)->column[j];
    return n;
}

int main(int argc, char **argv)
{
    bf_column metrics[MOST];
    bf_schema schema = { .metrics = metrics, .n_metrics = all_metrics(metrics) };
    schema.history = bf_history_columns(&schema.n_history);
    char *page = NULL, *file = NULL;
    size_t n = 0, m = 0;
    FILE *to = open_memstream(&page, &n);
    if (!to) return 70;
    bf_schema_print(&schema, to);
    fclose(to);
    int code = 0;
    if (argc < 2) {
        fputs(page, stdout);
    } else {
        bf_status s = bf_file_read(argv[1], (size_t)1 << 20, &file, &m);
        if (s.code || n != m || memcmp(page, file, n) != 0) {
            fprintf(stderr, "%s is not what the tables say; renew it with: print_schema > outputs/README.md\n", argv[1]);
            code = 1;
        }
    }
    free(file);
    free(page);
    return code;
}
