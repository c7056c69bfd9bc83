/* The desk on rank 0: hands out configurations, longest expected first, collects what comes back, watches the clock and the
 * STOP file, and publishes study.h5 and progress.json. It works between rank 0's own training steps: nothing here blocks. */
#ifndef BF_FARM_DESK_H
#define BF_FARM_DESK_H
#include "base/log.h"
#include "comm/mail.h"
#include "farm/layout.h"
#include "farm/ledger.h"
#include "farm/tables.h"

typedef struct bf_desk bf_desk;
typedef struct bf_desk_setup {
    const bf_comm *world;
    bf_mail       *mail;
    bf_ledger     *ledger;
    bf_tables     *tables;
    const bf_schema *schema;
    const bf_layout *layout;
    const bf_farm_options *options;
    bf_logger     *log;
    double         progress_seconds;
} bf_desk_setup;

BF_MUST_USE bf_status bf_desk_open(const bf_desk_setup *s, bf_desk **out);
/* Local. One letter to the desk; it takes the letter's bytes. */
void bf_desk_letter(bf_desk *d, bf_letter *letter);
/* Local. What the clock asks for: STOP file, wall limit, progress, study.h5. Cheap when nothing is due. */
void bf_desk_tend(bf_desk *d);
/* Local. Asks every team to save and end; the first reason counts, a failure before a wish. */
void bf_desk_stop(bf_desk *d, bf_status why);
bool bf_desk_all_gone(const bf_desk *d);
/* Local. Last study.h5 and progress.json, END to everyone; the study's status. */
BF_MUST_USE bf_status bf_desk_close(bf_desk **d);
#endif
