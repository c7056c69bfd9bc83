/* One rank's place in the farm: its team, its mail, and what a leader knows about what comes next. */
#ifndef BF_FARM_CREW_H
#define BF_FARM_CREW_H
#include "farm/desk.h"
#include "farm/letters.h"
#include "farm/progress.h"
#include "farm/speed.h"
#include "farm/study_data.h"
#include "store/site.h"

typedef struct bf_crew {
    const bf_comm *world, *team;
    bf_mail       *mail;
    bf_desk       *desk;                /* rank 0 only */
    const bf_study *study;
    const bf_study_data_sets *data;
    const int     *order;               /* sweep index of every id */
    const bf_schema *schema;
    bf_site        site;                /* the study's folder, and the run's own part of temporary names */
    double         progress_seconds;
    bool           leader;
    /* a leader's notes */
    bool           asked, has_next, stop, told;
    bf_task        next;
    bf_roofs       roofs;
} bf_crew;

/* Local. The letters that are there, and on rank 0 whatever the desk has due. Called between steps, blocks and files. */
void bf_crew_serve(bf_crew *c);
/* Local, leaders. Asks for the next configuration, once, ahead of need. */
void bf_crew_ask(bf_crew *c);
/* Local, leaders. A sentence for the log. */
void bf_crew_note(bf_crew *c, const char *format, ...) BF_PRINTF(2, 3);
/* Local, leaders. How far the current configuration is. */
void bf_crew_tell_progress(bf_crew *c, const bf_running *r);
/* Local. Passes a signal that this rank or its team noticed on to the desk, once. */
void bf_crew_please_stop(bf_crew *c);
/* Collective over the team. Trains configurations until there are none or somebody stops the study. */
void bf_crew_work(bf_crew *c);
/* Local. Rank 0 sits at the desk until all teams have gone; the others wait for the end. The study's status. */
BF_MUST_USE bf_status bf_crew_finish(bf_crew *c);
#endif
