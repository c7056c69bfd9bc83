/* A study file becomes a list of configurations. Text in, values out; nothing here touches data or runs anything. */
#ifndef BF_STUDY_STUDY_H
#define BF_STUDY_STUDY_H
#include "study/config.h"
#include "study/key.h"

#include <stdio.h>

#define BF_MAX_CONFIGS 10000
#define BF_MAX_SWEPT 32
#define BF_MAX_PROBLEMS 100

typedef struct bf_study bf_study;

typedef struct bf_problem { int line, column; char key[128]; char what[400]; } bf_problem;    /* line 0: no place (an override) */
/* Zero it; bf_problems_free(). The first BF_MAX_PROBLEMS are kept, further ones only counted. */
typedef struct bf_problems { int count, capacity; bf_problem *at; int dropped; } bf_problems;
void bf_problems_add(bf_problems *p, int line, int column, const char *key, const char *format, ...) BF_PRINTF(5, 6);
/* Prints "file:line:column: key: what" for each, sorted by place; without a place "file: key: what", an override's "--set key: what". */
void bf_problems_print(const bf_problems *p, const char *file, FILE *to);
void bf_problems_free(bf_problems *p);

/* Local, deterministic: every rank parses the same bytes. set: "key=value" overrides, applied after the file. Relative data paths stay as written.
 * Returns BF_E_INPUT when problems were found (all of them are in problems). On success *out belongs to the caller: bf_study_free(). */
BF_MUST_USE bf_status bf_study_parse(const char *text, size_t n, const char *const *set, int n_set, bf_problems *problems, bf_study **out);
void bf_study_free(bf_study **s);

int  bf_study_count(const bf_study *s);                                     /* configurations */
void bf_study_config(const bf_study *s, int index, bf_config *out);         /* index in sweep order */
const bf_config *bf_study_base(const bf_study *s);                          /* the file without its sweep */
/* The configuration from whose final weights this one starts (warm_start.along): a sweep index, -1 when it has none. */
int  bf_study_parent(const bf_study *s, int index);
int  bf_study_swept(const bf_study *s, const bf_key **keys);                /* the swept keys in order, at most BF_MAX_SWEPT; returns how many */
/* The values of beta that conditioned configurations are evaluated at, the same for all of them; empty without such. */
void bf_study_grid(const bf_study *s, bf_f64_list *out);
/* Where a key was written, for problems found later (missing data); line 0 when it is a default. */
void bf_study_place(const bf_study *s, const char *key, int *line, int *column);
/* 16 hex digits and NUL: the XXH3-64 of "path=value\n" (bf_key_print) for every key that changes results (BF_KEY_RESULT) and that
 * this configuration uses (bf_key_applies), in the order of the table. So a new key leaves old hashes alone as long as it does not apply to
 * old configurations or is added with a rule that leaves its default out. `study`, output.*, parallel.* (but threads, which change bits),
 * warm_start.* and the cadence of checkpoints are no part of it; files count by their names as written. */
void bf_config_hash(const bf_config *c, char out[17]);
/* The same for a training that starts from weights: origin, "" or up to 16 characters, says from which, and is one more line, "origin=...". */
void bf_config_hash_from(const bf_config *c, const char *origin, char out[17]);
/* How an effective input begins, which tells it from what people write. */
#define BF_STUDY_EMITTED "# The effective input"
/* The effective input: every key with its value, the sweep with its values; order (count) lists sweep indices by id and may be NULL for 0..n-1.
 * Parsing it again gives the same configurations in id order. *text belongs to the caller: free(). */
BF_MUST_USE bf_status bf_study_emit(const bf_study *s, const int *order, char **text);
/* "model.latent 4 -> 8" lines for every key that changes results, is used by either and differs; returns how many. What does not fit is cut. */
int bf_config_difference(const bf_config *a, const bf_config *b, char *out, size_t size);
#endif
