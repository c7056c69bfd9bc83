/* What the sources that read files share: a format says what its files hold and reads runs of rows; here the parts are chosen, the
 * classes counted, and every row is checked. */
#ifndef BF_DATA_FILE_SOURCE_H
#define BF_DATA_FILE_SOURCE_H
#include "data/source.h"

enum { BF_MAX_CLASSES = 65536 };

/* What files hold, in the terms of a data set: rows (rows[BF_TEST] < 0: one array for both parts), shape, type, factors, clean;
 * labels is 1 when there are labels. name is for errors. */
typedef struct bf_held { bf_data_info info; char name[96]; } bf_held;

typedef struct bf_format {
    /* Local. Reads headers and checks them against what the files hold. */
    bf_status (*open)(const bf_data_options *o, bf_held *held, void **state);
    /* Local. Reads through what open cannot measure (compressed files). May be NULL. */
    bf_status (*check)(void *state, const bf_held *held);
    /* Local. Rows first .. first+count-1 of a part's own array, wherever `to` has a destination. Labels are below BF_MAX_CLASSES. */
    bf_status (*read)(void *state, const bf_held *held, bf_split part, int64_t first, int64_t count, const bf_rows *to);
    void (*close)(void *state);
} bf_format;

BF_MUST_USE bf_status bf_file_source_describe(const bf_format *f, const bf_data_options *o, bf_data_info *info);
BF_MUST_USE bf_status bf_file_source_open(const bf_format *f, const bf_data_options *o, const bf_data_info *info, void **state);
BF_MUST_USE bf_status bf_file_source_fill(void *state, const bf_data_info *info, const bf_rows *rows);
void bf_file_source_close(void *state);
/* Local. A label as data sets keep it; BF_E_FORMAT, with its row and its value, when it is no class. */
BF_MUST_USE bf_status bf_file_source_label(const char *name, int64_t row, int64_t label, int32_t *out);

/* The plain rest of such a source. */
#define BF_FILE_SOURCE(symbol, format, factors, text, line)                                                                                   \
    static bf_status file_describe(const bf_data_options *o, bf_data_info *i) { return bf_file_source_describe(&(format), o, i); }            \
    static bf_status file_open(const bf_data_options *o, const bf_data_info *i, void **s) { return bf_file_source_open(&(format), o, i, s); } \
    static bf_status file_fill(void *s, const bf_data_options *o, const bf_data_info *i, const bf_rows *r)                                    \
    { (void)o; return bf_file_source_fill(s, i, r); }                                                                                         \
    const bf_source symbol = { .name = text, .help = line, .by_factor = factors, .describe = file_describe, .open = file_open,                \
                               .fill = file_fill, .close = bf_file_source_close }
#endif
