/* The stored posteriors of studies, in families of models that differ in objective.beta alone: what align compares. A configuration has one of its
 * own, and one more for each of output.betas when it is told beta. */
#ifndef BF_CLI_ALIGN_MEMBERS_H
#define BF_CLI_ALIGN_MEMBERS_H
#include "cli/args.h"
#include "cli/family.h"

typedef struct bf_align_study { const char *dir; char name[65]; int configs, done, lacking, first; } bf_align_study;
/* done: configurations that have ended well; lacking: those of them that store no posterior of the part; first: the least id of these */

typedef struct bf_align_family { int study; bf_family of; } bf_align_family;
typedef struct bf_align_member { int family, config, latent; double beta; char view[24]; } bf_align_member;     /* view: "" or "by_beta/b0/" */

typedef struct bf_align_members {           /* zero it; bf_align_members_free() */
    int studies, families, members, family_room, member_room;
    bf_align_study   study[BF_MAX_TEXTS];
    bf_align_family *family;
    bf_align_member *at;                    /* by family, then by falling beta */
} bf_align_members;

#define BF_ALIGN_PATH 80
/* A part of a stored posterior in the file of its configuration: "configs/c0000/posterior/test/mean". */
void bf_align_part(const bf_align_member *m, int split, const char *part, char out[BF_ALIGN_PATH]);
extern const char *const bf_align_splits[2];        /* "train", "test" */

/* Local. Looks into every folder's study.yaml, study.h5 and configs/. split: 0 train, 1 test. BF_E_INPUT when a folder is no study, and when no two
 * posteriors can be compared, with what would make them. */
BF_MUST_USE bf_status bf_align_members_read(const bf_texts *dirs, int split, bf_align_members *out);
void bf_align_members_free(bf_align_members *m);
#endif
