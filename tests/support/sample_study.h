/* A small study's folder, made through the store alone: five configurations by default, one diverged, one pending. For tests. */
#ifndef BF_TESTS_SAMPLE_STUDY_H
#define BF_TESTS_SAMPLE_STUDY_H
#include "comm/comm.h"
#include "store/config_file.h"
#include "store/study_file.h"

enum { SAMPLE_TRAIN = 700, SAMPLE_TEST = 300 };

typedef struct sample_study {
    int        configs;
    bf_schema  schema;
    bf_result *results;         /* (configs) */
} sample_study;

BF_MUST_USE bf_status sample_study_open(int configs, sample_study *out);
void sample_study_close(sample_study *s);
/* Collective over team: configs/c<id>.h5. */
BF_MUST_USE bf_status sample_study_config(const sample_study *s, const bf_comm *team, const char *dir, int id, const char *tag);
/* Local: data.h5 and study.h5. */
BF_MUST_USE bf_status sample_study_tables(const sample_study *s, const bf_comm *comm, const char *dir, const char *tag);
/* Collective over world: the whole folder. */
BF_MUST_USE bf_status sample_study_write(const bf_comm *world, const char *dir, int configs);
/* The latent dimension of a configuration, and entry (row, column) of its arrays. */
int   sample_study_latent(int id);
float sample_study_value(int id, int64_t row, int64_t column);
#endif
