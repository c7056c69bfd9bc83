/* What ranks write to each other: the whole protocol between the desk (rank 0) and the teams' leaders. */
#ifndef BF_FARM_LETTERS_H
#define BF_FARM_LETTERS_H

#include <stdint.h>

/* What a team needs to know of a configuration beside its keys, the same on all its ranks. */
typedef struct bf_task {
    int32_t id;
    int32_t parent;         /* it starts from that configuration's weights; -1: it has none */
    int64_t extends;        /* epochs that its file already holds */
    char    hash[17];       /* its config_hash */
    char    origin[17];     /* what that covers beside the keys (lineage.h) */
} bf_task;

typedef enum bf_letter_kind {
    BF_LETTER_ASK,          /* leader -> desk: the next configuration, please                                  */
    BF_LETTER_GIVE,         /* desk -> leader: bf_task; id -1 when there is none                               */
    BF_LETTER_PROGRESS,     /* leader -> desk: bf_running                                                      */
    BF_LETTER_RESULT,       /* leader -> desk: a packed bf_result of an ended configuration                    */
    BF_LETTER_STOPPED,      /* leader -> desk: a packed bf_result of a configuration that waits in its checkpoint */
    BF_LETTER_NOTE,         /* leader -> desk: a sentence for the log                                          */
    BF_LETTER_PLEASE_STOP,  /* leader -> desk: int32 signal that a rank of the team received                   */
    BF_LETTER_FATAL,        /* leader -> desk: bf_status; the study cannot go on                               */
    BF_LETTER_BYE,          /* leader -> desk: this team has nothing more to do                                */
    BF_LETTER_STOP,         /* desk -> leaders: save and end                                                   */
    BF_LETTER_END           /* desk -> every other rank: bf_status of the whole study                          */
} bf_letter_kind;
#endif
