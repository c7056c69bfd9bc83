#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { MAX_OPTIONS = 32 };

static bool is_place(const bf_option *o)
{
    return o->type == BF_OPTION_PLACE || o->type == BF_OPTION_PLACE_MAY || o->type == BF_OPTION_PLACES;
}

/* The option that arg begins with: "--name" or "--name=..."; *value is what follows the '=', or NULL. */
static const bf_option *find(const bf_option *options, const char *arg, const char **value)
{
    const size_t n = strcspn(arg, "=");
    *value = NULL;
    for (const bf_option *o = options; o->name; o++) {
        if (is_place(o) || strlen(o->name) != n || strncmp(o->name, arg, n) != 0) continue;
        if (arg[n] == '=') *value = arg + n + 1;
        return o;
    }
    return NULL;
}

static bf_status unknown(const bf_option *options, const char *arg)
{
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    const bf_option *nearest = NULL;
    int least = strlen(name) > 2 ? bf_edit_limit(name) + 1 : 0;     /* one letter is no misspelling of another */
    for (const bf_option *o = options; o->name; o++) {
        const int d = is_place(o) ? least : bf_edit_distance(name, o->name);
        if (d >= least) continue;
        nearest = o;
        least = d;
    }
    if (nearest) return BF_FAIL(BF_E_USAGE, "unknown option %s; did you mean %s?", name, nearest->name);
    return BF_FAIL(BF_E_USAGE, "unknown option %s", name);
}

static bf_status store_int(const bf_option *o, const char *text, int64_t *to)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno || v < o->least)
        return BF_FAIL(BF_E_USAGE, "%s: expected an integer of at least %lld, got '%.60s'", o->name, (long long)o->least, text);
    *to = v;
    return BF_DONE;
}

static bf_status store_real(const bf_option *o, const char *text, double *to)
{
    char *end;
    const double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v)) return BF_FAIL(BF_E_USAGE, "%s: expected a number, got '%.60s'", o->name, text);
    *to = v;
    return BF_DONE;
}

static bf_status store(const bf_option *o, const char *text, void *to)
{
    void *field = (char *)to + o->offset;
    bf_texts *list = field;
    switch (o->type) {
    case BF_OPTION_FLAG: *(bool *)field = true; break;
    case BF_OPTION_INT: return store_int(o, text, field);
    case BF_OPTION_REAL: return store_real(o, text, field);
    case BF_OPTION_TEXTS:
    case BF_OPTION_PLACES:
        if (!*text && o->type == BF_OPTION_PLACES) return BF_FAIL(BF_E_USAGE, "%s is empty", o->name);
        if (list->count == BF_MAX_TEXTS) return BF_FAIL(BF_E_USAGE, "%s is given more than %d times", o->name, BF_MAX_TEXTS);
        list->at[list->count++] = text;
        break;
    case BF_OPTION_TEXT:
    case BF_OPTION_PLACE:
    case BF_OPTION_PLACE_MAY:
        if (!*text) return BF_FAIL(BF_E_USAGE, "%s is empty", o->name);
        *(const char **)field = text;
        break;
    }
    return BF_DONE;
}

/* The next place that has no value yet, or takes another one. */
static const bf_option *next_place(const bf_option *options, const bool *seen)
{
    for (const bf_option *o = options; o->name; o++)
        if (is_place(o) && (o->type == BF_OPTION_PLACES || !seen[o - options])) return o;
    return NULL;
}

static bf_status read_place(const bf_option *options, bool *seen, const char *arg, void *to)
{
    const bf_option *o = next_place(options, seen);
    if (!o) return BF_FAIL(BF_E_USAGE, "unexpected argument '%.120s'", arg);
    seen[o - options] = true;
    return store(o, arg, to);
}

/* An option at argv[*i]; moves *i on when its value is the next argument. */
static bf_status read_option(const bf_option *options, bool *seen, int argc, char **argv, int *i, void *to)
{
    const char *value, *unused;
    const bf_option *o = find(options, argv[*i], &value);
    if (!o) return unknown(options, argv[*i]);
    if (o->type == BF_OPTION_FLAG && value) return BF_FAIL(BF_E_USAGE, "%s takes no value", o->name);
    if (seen[o - options] && o->type != BF_OPTION_FLAG && o->type != BF_OPTION_TEXTS) return BF_FAIL(BF_E_USAGE, "%s is given twice", o->name);
    seen[o - options] = true;
    if (o->type != BF_OPTION_FLAG && !value) {
        if (*i + 1 >= argc || find(options, argv[*i + 1], &unused)) return BF_FAIL(BF_E_USAGE, "%s needs a value: %s %s", o->name, o->name, o->value);
        value = argv[++*i];
    }
    return store(o, value, to);
}

bf_status bf_args_read(const bf_option *options, int argc, char **argv, void *to)
{
    bool seen[MAX_OPTIONS] = { false }, only_places = false;
    for (int i = 1; i < argc; i++) {
        if (!only_places && strcmp(argv[i], "--") == 0) only_places = true;
        else if (only_places || argv[i][0] != '-' || !argv[i][1]) BF_TRY(read_place(options, seen, argv[i], to));
        else BF_TRY(read_option(options, seen, argc, argv, &i, to));
    }
    for (const bf_option *o = options; o->name; o++) {
        assert(o - options < MAX_OPTIONS);
        const bool needed = o->type == BF_OPTION_PLACE || o->type == BF_OPTION_PLACES;
        if (needed && !seen[o - options]) return BF_FAIL(BF_E_USAGE, "%s is missing", o->name);
    }
    return BF_DONE;
}

void bf_args_help(const bf_option *options, FILE *to)
{
    int width = 0;
    for (const bf_option *o = options; o->name; o++) {
        const int n = (int)strlen(o->name) + (o->value ? 1 + (int)strlen(o->value) : 0);
        if (n > width) width = n;
    }
    for (const bf_option *o = options; o->name; o++) {
        char left[80];
        snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        fprintf(to, "  %-*s  %s\n", width, left, o->help);
    }
}
