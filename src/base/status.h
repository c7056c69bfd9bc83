/* One way to fail: a place and a sentence for a person. Plain bytes, so a status can be broadcast as it is. */
#ifndef BF_BASE_STATUS_H
#define BF_BASE_STATUS_H

#if defined(__GNUC__)
#define BF_MUST_USE __attribute__((warn_unused_result))
#define BF_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BF_MUST_USE
#define BF_PRINTF(f, a)
#endif

typedef enum bf_code {
    BF_OK = 0,
    BF_E_USAGE,     /* the command line is wrong                                      exit 2  */
    BF_E_INPUT,     /* what the study names is wrong: keys, missing data, too large   exit 2  */
    BF_E_FORMAT,    /* a file is malformed, truncated or lies about itself            exit 2  */
    BF_E_IO,        /* the system refused to read or write                            exit 74 */
    BF_E_MEMORY,    /* an allocation failed                                           exit 70 */
    BF_E_DIVERGED,  /* a configuration's numbers are no longer finite: a row, not an end      */
    BF_E_FAILED,    /* finished, but some configurations did not                      exit 3  */
    BF_E_STOPPED,   /* asked to stop; everything is saved                             exit 75 */
    BF_E_INTERNAL   /* our own bug                                                    exit 70 */
} bf_code;

typedef struct bf_status {
    bf_code code;
    int     rank;       /* where it happened; -1 until bf_comm_agree() fills it in */
    char    where[40];  /* "dataset.c:118" */
    char    what[208];  /* the thing that failed, by name and value; of a longer sentence its beginning and its end */
} bf_status;

bf_status bf_status_ok(void);
bf_status bf_status_make(bf_code code, const char *file, int line, const char *format, ...) BF_PRINTF(4, 5);
/* The process's exit code for a status; see the contract: 0, 2, 3, 70, 74, 75. */
int bf_status_exit_code(const bf_status *s);
const char *bf_code_name(bf_code code);

#define BF_DONE bf_status_ok()
#define BF_FAIL(code, ...) bf_status_make((code), __FILE__, __LINE__, __VA_ARGS__)
#define BF_TRY(call) do { bf_status s_ = (call); if (s_.code) return s_; } while (0)
/* For functions with one exit: sets the local `s` and jumps to `done:`. */
#define BF_TRY_DONE(call) do { s = (call); if (s.code) goto done; } while (0)

#endif
