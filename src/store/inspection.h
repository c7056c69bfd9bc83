/* What `verify` carries from file to file, and the parts of its work. Private to the room; all Local. */
#ifndef BF_STORE_INSPECTION_H
#define BF_STORE_INSPECTION_H
#include <stdio.h>

#include "store/h5.h"
#include "store/verify.h"

typedef struct bf_inspection {
    FILE             *to;
    bf_verify_report *report;
    bool              unreadable;       /* the system refused a read: not the file's fault */
} bf_inspection;

/* One line: "FILE: what". It counts as damage. */
void bf_inspection_find(bf_inspection *v, const char *file, const char *format, ...) BF_PRINTF(3, 4);
void bf_inspection_fail(bf_inspection *v, const char *file, const bf_status *s);

/* Every dataset in the file itself (external links are not followed): its checksum is there and holds. */
void bf_inspect_datasets(bf_inspection *v, hid_t file, const char *name);
/* Every link below /data, which is to data.h5, leads to something. */
void bf_inspect_data_links(bf_inspection *v, hid_t file, const char *name);
/* study.h5 or a packed file: every row against the group of its configuration. */
void bf_inspect_tables(bf_inspection *v, hid_t file, const char *name);
/* The group of an ended configuration. */
void bf_inspect_config(bf_inspection *v, hid_t file, const char *name, const char *group);
#endif
