/* What happened: lines for people (stdout, log.txt), records for programs (log.jsonl), diagnostics (stderr). */
#ifndef BF_BASE_LOG_H
#define BF_BASE_LOG_H
#include <stdbool.h>
#include "base/status.h"

typedef enum bf_level { BF_DEBUG, BF_INFO, BF_WARN, BF_ERROR } bf_level;
typedef struct bf_logger bf_logger;                     /* all functions but bf_log_open accept NULL: nothing happens */

/* Local. speaks: only the rank that speaks prints; the others' loggers swallow everything. dir NULL: no files.
 * Files are opened for append and flushed per line. On success *out belongs to the caller: bf_log_close(). */
BF_MUST_USE bf_status bf_log_open(const char *dir, bool speaks, bool quiet, bf_logger **out);
/* INFO goes to stdout (unless quiet) and log.txt, WARN and ERROR to stderr and log.txt, DEBUG to log.txt only when BETAFIELD_DEBUG is set. */
void bf_log(bf_logger *l, bf_level level, const char *format, ...) BF_PRINTF(3, 4);
/* One JSON object per line: {"time": seconds since 1970, "event": event, <fields>}; fields is the inside of an object, already JSON, or NULL. */
void bf_log_event(bf_logger *l, const char *event, const char *fields_format, ...) BF_PRINTF(3, 4);
/* The live line on a terminal (overwritten in place); nothing when stdout is no terminal. NULL clears it. */
void bf_log_live(bf_logger *l, const char *line);
bool bf_log_is_terminal(const bf_logger *l);
void bf_log_close(bf_logger **l);
#endif
