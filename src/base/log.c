#include "base/log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What fails to be written here is lost, on purpose: a full disk or a closed terminal does not stop a training. */
struct bf_logger {
    bool  speaks, quiet, debug, terminal;
    bool  live;             /* a live line stands on the terminal */
    FILE *text, *records;   /* log.txt, log.jsonl; NULL without a folder */
};

/* A full disk may have cut the last line of the run before: what this one writes begins another. */
static void end_last_line(FILE *f)
{
    const bool half = fseek(f, -1, SEEK_END) == 0 && fgetc(f) != '\n';
    fseek(f, 0, SEEK_END);      /* a stream that was read has to be told that writing follows */
    if (half) fputc('\n', f);
}

static bf_status open_file(const char *dir, const char *name, FILE **out)
{
    char path[BF_PATH];
    BF_TRY(bf_file_join(path, sizeof path, dir, name));
    *out = fopen(path, "a+e");
    if (*out == NULL)
        return BF_FAIL(BF_E_IO, "%s: cannot open for appending: %s", path, strerror(errno));
    end_last_line(*out);
    return BF_DONE;
}

/* Open MPI gives every rank a pseudo-terminal, also when its own output goes to a file: mpirun, the parent, knows whether somebody looks. */
static bool launcher_hides_a_file(void)
{
    char link[64], target[64];
    if (!getenv("OMPI_COMM_WORLD_RANK")) return false;
    snprintf(link, sizeof link, "/proc/%ld/fd/1", (long)getppid());
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n < 0) return true;
    target[n] = '\0';
    return strncmp(target, "/dev/pts/", 9) != 0 && strncmp(target, "/dev/tty", 8) != 0;
}

static bool stdout_is_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (term == NULL || strcmp(term, "dumb") != 0) && !launcher_hides_a_file();
}

bf_status bf_log_open(const char *dir, bool speaks, bool quiet, bf_logger **out)
{
    *out = NULL;
    bf_logger *l = calloc(1, sizeof *l);
    if (l == NULL)
        return BF_FAIL(BF_E_MEMORY, "cannot allocate a logger");
    l->speaks = speaks;
    l->quiet = quiet;
    l->debug = getenv("BETAFIELD_DEBUG") != NULL;
    l->terminal = speaks && !quiet && stdout_is_terminal();
    bf_status s = BF_DONE;
    if (speaks && dir != NULL) {
        BF_TRY_DONE(open_file(dir, "log.txt", &l->text));
        BF_TRY_DONE(open_file(dir, "log.jsonl", &l->records));
    }
done:
    if (s.code)
        bf_log_close(&l);
    *out = l;
    return s;
}

static void clear_live(bf_logger *l)
{
    if (!l->live)
        return;
    fputs("\r\033[K", stdout);
    fflush(stdout);
    l->live = false;
}

static void print_line(FILE *f, const char *prefix, const char *format, va_list args)
{
    va_list copy;
    va_copy(copy, args);
    fputs(prefix, f);
    vfprintf(f, format, copy);
    fputc('\n', f);
    fflush(f);
    va_end(copy);
}

/* A warning or error as a record too: programs that watch log.jsonl need no other file. */
static void record_text(bf_logger *l, const char *event, const char *format, va_list args)
{
    char *text = NULL;
    int n = vasprintf(&text, format, args);
    if (n < 0)
        return;
    const size_t size = 6 * (size_t)n + 1;      /* an escape is at most \\u0000 */
    char *escaped = malloc(size);
    if (escaped != NULL) {
        bf_json_escape(text, escaped, size);
        bf_log_event(l, event, "\"text\": \"%s\"", escaped);
    }
    free(escaped);
    free(text);
}

void bf_log(bf_logger *l, bf_level level, const char *format, ...)
{
    static const char *const on_console[] = { "", "", "betafield: warning: ", "betafield: error: " };
    static const char *const in_file[] = { "debug", "info ", "warn ", "error" };
    if (l == NULL || !l->speaks || (level == BF_DEBUG && !l->debug))
        return;
    va_list args;
    va_start(args, format);
    FILE *console = level >= BF_WARN ? stderr : level == BF_INFO && !l->quiet ? stdout : NULL;
    if (console != NULL) {
        clear_live(l);
        print_line(console, on_console[level], format, args);
    }
    if (l->text != NULL) {
        char time[32], prefix[48];
        bf_clock_iso8601(bf_clock_epoch(), time);
        snprintf(prefix, sizeof prefix, "%s %s ", time, in_file[level]);
        print_line(l->text, prefix, format, args);
    }
    va_end(args);
    if (level < BF_WARN)
        return;
    va_start(args, format);
    record_text(l, level == BF_WARN ? "warning" : "error", format, args);
    va_end(args);
}

void bf_log_event(bf_logger *l, const char *event, const char *fields_format, ...)
{
    if (l == NULL || l->records == NULL)
        return;
    char *fields = NULL;
    if (fields_format != NULL) {
        va_list args;
        va_start(args, fields_format);
        int n = vasprintf(&fields, fields_format, args);
        va_end(args);
        if (n < 0)
            return;
        for (char *p = fields; *p; p++)
            if (*p == '\n')
                *p = ' ';           /* between JSON's tokens a blank means the same; a line is an object */
    }
    bool some = fields != NULL && fields[0] != '\0';
    fprintf(l->records, "{\"time\": %.3f, \"event\": \"%s\"%s%s}\n", bf_clock_epoch(), event, some ? ", " : "", some ? fields : "");
    fflush(l->records);
    free(fields);
}

/* Bytes of line that fit in `columns` cells, one cell per UTF-8 character; a control character ends it. */
static int fitting_bytes(const char *line, int columns)
{
    int n = 0, cells = 0;
    for (; (unsigned char)line[n] >= 0x20; n++)
        if (((unsigned char)line[n] & 0xc0) != 0x80 && cells++ == columns)
            break;
    return n;
}

void bf_log_live(bf_logger *l, const char *line)
{
    if (l == NULL || !l->terminal)
        return;
    if (line == NULL) {
        clear_live(l);
        return;
    }
    struct winsize w = { 0 };
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1;
    printf("\r%.*s\033[K", fitting_bytes(line, known ? w.ws_col - 1 : 79), line);   /* a wrapped line could not be overwritten */
    fflush(stdout);
    l->live = true;
}

bool bf_log_is_terminal(const bf_logger *l)
{
    return l != NULL && l->terminal;
}

void bf_log_close(bf_logger **l)
{
    if (*l == NULL)
        return;
    clear_live(*l);
    if ((*l)->text != NULL)
        fclose((*l)->text);
    if ((*l)->records != NULL)
        fclose((*l)->records);
    free(*l);
    *l = NULL;
}
