#include "fault_parse.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The next field of *at up to `end` (or the end of the text), which is stepped over; false when it does not fit. */
static bool take_field(const char **at, char end, char *out, size_t size)
{
    size_t n = strcspn(*at, ":,");
    if (n == 0 || n >= size || (end == ':') != ((*at)[n] == ':'))
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n + ((*at)[n] != '\0' && end == ':');
    return true;
}

static bool take_number(const char **at, int least, int *out)
{
    char text[16], *end;
    if (!take_field(at, ':', text, sizeof text) || text[0] < '0' || text[0] > '9')
        return false;
    long v = strtol(text, &end, 10);
    *out = (int)v;
    return *end == '\0' && v >= least && v <= INT_MAX;
}

static bool take_action(const char **at, bf_fault_action *out)
{
    static const struct { const char *name; bf_fault_action action; } actions[] = {
        { "fail", BF_FAULT_FAIL }, { "nan", BF_FAULT_NAN }, { "kill", BF_FAULT_KILL },
    };
    char name[8];
    if (!take_field(at, ',', name, sizeof name))
        return false;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(name, actions[i].name) == 0) {
            *out = actions[i].action;
            return true;
        }
    return false;
}

bf_status bf_fault_parse(const char *text, bf_fault_plan *out)
{
    const int capacity = (int)(sizeof out->fault / sizeof out->fault[0]);
    bf_fault_plan plan = { 0 };
    *out = plan;
    for (const char *at = text;; at++) {
        const char *entry = at;
        if (plan.count == capacity)
            return BF_FAIL(BF_E_USAGE, "more than %d faults", capacity);
        bf_fault *f = &plan.fault[plan.count++];
        if (!take_field(&at, ':', f->point, sizeof f->point) || !take_number(&at, 0, &f->rank) || !take_number(&at, 1, &f->nth)
            || !take_action(&at, &f->action))
            return BF_FAIL(BF_E_USAGE, "expected point:rank:nth:fail|nan|kill, got '%s'", entry);
        if (*at == '\0')
            break;
    }
    *out = plan;
    return BF_DONE;
}
