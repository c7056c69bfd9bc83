#include "study/key_value.h"
#include "study/range.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct printer { char *at; size_t left; } printer;      /* what does not fit is cut; BF_KEY_PRINTED fits everything */

static void put(printer *p, const char *format, ...) BF_PRINTF(2, 3);
static void put(printer *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(p->at, p->left, format, args);
    va_end(args);
    const size_t used = n < 0 ? 0 : (size_t)n < p->left ? (size_t)n : p->left - 1;
    p->at += used;
    p->left -= used;
}

/* Whole numbers with their digits, others as the shortest decimal that reads back equal. An exponent brings a point along (1.0e-05),
 * without which YAML 1.1 readers see a text. */
static void put_real(printer *p, double v)
{
    char text[40];
    if (v == floor(v) && fabs(v) < 1e15) {
        put(p, "%.0f", v);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    const char *exponent = strchr(text, 'e');
    if (exponent && !strchr(text, '.')) put(p, "%.*s.0%s", (int)(exponent - text), text, exponent);
    else put(p, "%s", text);
}

static void put_number(printer *p, const bf_range *r, double v)
{
    const bool is_word = r->word[0] && (isnan(r->word_value) ? isnan(v) : v == r->word_value);
    if (is_word) put(p, "%s", r->word);
    else put_real(p, v);
}

static void put_int(printer *p, const bf_range *r, int64_t v)
{
    if (r->word[0] && (double)v == r->word_value) put(p, "%s", r->word);
    else put(p, "%lld", (long long)v);
}

/* Words that some reader of YAML takes for something else than a text. */
static bool is_reserved(const char *t)
{
    static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "y", "n", "null" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(t, words[i]) == 0) return true;
    return false;
}

static bool needs_quotes(const char *t)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char others[] = "0123456789_./-";
    const bool starts_well = t[0] && (strchr(letters, t[0]) || t[0] == '/' || strncmp(t, "./", 2) == 0 || strncmp(t, "../", 3) == 0);
    if (!starts_well || is_reserved(t)) return true;
    for (const char *p = t; *p; p++)
        if (!strchr(letters, *p) && !strchr(others, *p)) return true;
    return false;
}

static void put_text(printer *p, const char *t)
{
    if (!needs_quotes(t)) {
        put(p, "%s", t);
        return;
    }
    put(p, "\"");
    for (; *t; t++) put(p, *t == '"' || *t == '\\' ? "\\%c" : "%c", *t);
    put(p, "\"");
}

static void put_paths(printer *p, const bf_paths *v)
{
    if (v->count == 1 && !v->role[0][0]) {
        put_text(p, v->path[0]);
        return;
    }
    const bool mapping = v->count > 0 && v->role[0][0];
    put(p, mapping ? "{" : "[");
    for (int i = 0; i < v->count; i++) {
        put(p, i ? ", " : "");
        if (mapping) put(p, "%s: ", v->role[i]);
        put_text(p, v->path[i]);
    }
    put(p, mapping ? "}" : "]");
}

static void put_layers(printer *p, const bf_layer_texts *list)
{
    put(p, "[");
    for (int i = 0; i < list->count; i++) put(p, "%s%s", i ? ", " : "", list->at[i]);
    put(p, "]");
}

/* Names with blanks between. */
static void put_choices(printer *p, const char *names)
{
    const bool several = strchr(names, ' ') != NULL;
    put(p, several ? "[" : "");
    for (const char *at = names; *at; at += strcspn(at, " "), at += strspn(at, " "))
        put(p, "%s%.*s", at > names ? ", " : "", (int)strcspn(at, " "), at);
    put(p, several ? "]" : "");
}

static void put_weight(printer *p, const double v[3])
{
    if (!isnan(v[0])) {
        put_real(p, v[0]);
        return;
    }
    put(p, "{range: ["), put_real(p, v[1]), put(p, ", "), put_real(p, v[2]), put(p, "]}");
}

static void put_list(printer *p, const bf_key *k, const void *field)
{
    const bf_range r = bf_range_parse(k->type == BF_KEY_MEASURES ? NULL : k->range);
    if (k->type == BF_KEY_REALS && ((const bf_f64_list *)field)->count == 0 && r.word[0]) {
        put(p, "%s", r.word);
        return;
    }
    put(p, "[");
    if (k->type == BF_KEY_INTS) {
        const bf_i64_list *list = field;
        for (int i = 0; i < list->count; i++) put(p, i ? ", " : ""), put_int(p, &r, list->at[i]);
    } else if (k->type == BF_KEY_REALS) {
        const bf_f64_list *list = field;
        for (int i = 0; i < list->count; i++) put(p, i ? ", " : ""), put_number(p, &r, list->at[i]);
    } else if (k->type == BF_KEY_PAIR) {
        const double *pair = field;
        put_number(p, &r, pair[0]), put(p, ", "), put_number(p, &r, pair[1]);
    } else {
        const bf_measure_options *o = field;
        for (int i = 0; i < o->count; i++) put(p, "%s%s", i ? ", " : "", o->name[i]);
    }
    put(p, "]");
}

void bf_key_print(const bf_key *k, const bf_config *cfg, char *out, size_t size)
{
    printer p = { out, size };
    out[0] = '\0';
    const void *field = bf_key_field_const(k, cfg);
    switch (k->type) {
    case BF_KEY_BOOL: put(&p, *(const bool *)field ? "true" : "false"); break;
    case BF_KEY_INT: {
        const bf_range r = bf_range_parse(k->range);
        put_int(&p, &r, *(const int64_t *)field);
        break;
    }
    case BF_KEY_REAL: {
        const bf_range r = bf_range_parse(k->range);
        put_number(&p, &r, *(const double *)field);
        break;
    }
    case BF_KEY_WEIGHT: put_weight(&p, field); break;
    case BF_KEY_TEXT:
    case BF_KEY_CHOICE: put_text(&p, field); break;
    case BF_KEY_CHOICES: put_choices(&p, field); break;
    case BF_KEY_PATHS: put_paths(&p, field); break;
    case BF_KEY_LAYERS: put_layers(&p, field); break;
    case BF_KEY_SPLITS: {
        const bool *chosen = field;
        put(&p, "[%s%s%s]", chosen[0] ? "train" : "", chosen[0] && chosen[1] ? ", " : "", chosen[1] ? "test" : "");
        break;
    }
    default: put_list(&p, k, field); break;
    }
}
