/* Parses study texts in tests: what comes out, or what is said about them. */
#ifndef BF_TESTS_STUDY_CASE_H
#define BF_TESTS_STUDY_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "study/study.h"

#define STUDY_SETS 8

/* Everything that is said about a text, as "s.yaml:line:column: key: what" lines; "" when it is good. *s may be NULL. Both belong to the caller. */
static inline char *study_say(const char *text, const char *const *set, bf_study **s)
{
    bf_problems problems = { 0 };
    bf_study *study = NULL;
    int n_set = 0;
    while (set && set[n_set]) n_set++;
    const bf_status status = bf_study_parse(text, strlen(text), set, n_set, &problems, &study);
    char *said;
    size_t size;
    FILE *to = open_memstream(&said, &size);
    bf_problems_print(&problems, "s.yaml", to);
    fclose(to);
    assert_int_equal(status.code, problems.count ? BF_E_INPUT : BF_OK);
    assert_true((study == NULL) == (problems.count > 0));
    bf_problems_free(&problems);
    if (s) *s = study;
    else bf_study_free(&study);
    return said;
}

static inline bf_study *study_of(const char *text, const char *const *set)
{
    bf_study *s;
    char *said = study_say(text, set, &s);
    if (said[0]) fail_msg("unexpected problems:\n%s", said);
    free(said);
    return s;
}

/* The text is refused and exactly this is said. */
static inline void study_refuses(const char *text, const char *const *set, const char *said)
{
    char *got = study_say(text, set, NULL);
    assert_string_equal(got, said);
    free(got);
}
#endif
