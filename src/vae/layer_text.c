/* Words to layers. Two tables say everything: which words there are, and which kinds of layer take them. */
#include "vae/layer_text.h"
#include "base/nearest.h"
#include <stdio.h>
#include <string.h>

enum { MAX_WORDS = 12, WORD = 32, MOST_CHANNELS = 65536, MOST_KERNEL = 64, MOST_STRIDE = 16 };
enum { WINDOW = 1u << 0, STRIDE = 1u << 1, PAD = 1u << 2, OUT_PAD = 1u << 3, SAME = 1u << 4, NORM = 1u << 5, SPECTRAL = 1u << 6, ACTIVATION = 1u << 7 };

typedef enum size_kind { NO_SIZE, CHANNELS, UNITS, FACTOR } size_kind;
typedef struct words { int count; char at[MAX_WORDS][WORD]; } words;

static const struct { const char *name; size_kind size; unsigned takes, needs; } kinds[BF_LAYER_KINDS] = {
    [BF_LAYER_CONV] = { "conv", CHANNELS, WINDOW | STRIDE | PAD | SAME | NORM | SPECTRAL | ACTIVATION, WINDOW },
    [BF_LAYER_DECONV] = { "deconv", CHANNELS, WINDOW | STRIDE | PAD | OUT_PAD | SAME | NORM | ACTIVATION, WINDOW },
    [BF_LAYER_FC] = { "fc", UNITS, NORM | SPECTRAL | ACTIVATION, 0 },
    [BF_LAYER_RES] = { "res", CHANNELS, WINDOW | STRIDE | PAD | NORM | ACTIVATION, ACTIVATION },
    [BF_LAYER_RES_PRE] = { "res-pre", CHANNELS, WINDOW | NORM | ACTIVATION, ACTIVATION },
    [BF_LAYER_RES_FC] = { "res-fc", CHANNELS, ACTIVATION, ACTIVATION },
    [BF_LAYER_POOL] = { "pool", FACTOR, 0, 0 },
    [BF_LAYER_UP] = { "up", FACTOR, 0, 0 },
    [BF_LAYER_MEAN] = { "mean", NO_SIZE, 0, 0 },
    [BF_LAYER_ACT] = { "act", NO_SIZE, ACTIVATION, ACTIVATION },
    [BF_LAYER_JOIN] = { "join", NO_SIZE, 0, 0 },
};

/* --- words -------------------------------------------------------------------------------------------------------- */

/* Digits from p on that make a number in low..high: where they end. NULL when there is no such number. */
static const char *read_number(const char *p, int low, int high, int *out)
{
    int v = 0, digits = 0;
    for (; *p >= '0' && *p <= '9'; p++, digits++)
        if (v <= high) v = 10 * v + (*p - '0');         /* beyond `high` it does not matter by how much */
    if (digits == 0 || digits > 9 || v < low || v > high) return NULL;
    *out = v;
    return p;
}

static bool read_whole(const char *p, int low, int high, int *out)
{
    int v;
    const char *end = read_number(p, low, high, &v);
    if (end == NULL || *end != '\0') return false;
    *out = v;
    return true;
}

/* 7, H, W/4 */
static const char *read_side(const char *p, bf_side *out)
{
    *out = (bf_side){ .of = 0, .number = 1 };
    if (*p != 'H' && *p != 'W') return read_number(p, 1, MOST_CHANNELS, &out->number);
    out->of = *p++;
    return *p == '/' ? read_number(p + 1, 1, MOST_CHANNELS, &out->number) : p;
}

static bool read_window(bf_layer *l, const char *w)
{
    int rows, cols;
    const char *p = read_number(w, 1, MOST_KERNEL, &rows);
    if (p == NULL || *p != 'x' || !read_whole(p + 1, 1, MOST_KERNEL, &cols) || rows != cols) return false;
    l->window.kernel = rows;
    return true;
}

static bool read_stride(bf_layer *l, const char *w) { return w[0] == '/' && read_whole(w + 1, 1, MOST_STRIDE, &l->window.stride); }
static bool read_pad(bf_layer *l, const char *w) { return w[0] == 'p' && read_whole(w + 1, 0, MOST_KERNEL - 1, &l->window.pad); }

static bool read_out_pad(bf_layer *l, const char *w)
{
    return strncmp(w, "op", 2) == 0 && read_whole(w + 2, 0, MOST_STRIDE - 1, &l->window.out_pad);
}

static bool read_same(bf_layer *l, const char *w)
{
    (void)l;
    return strcmp(w, "same") == 0;
}

static bool read_norm(bf_layer *l, const char *w) { return strcmp(w, "bn") == 0 && (l->norm = true); }
static bool read_spectral(bf_layer *l, const char *w) { return strcmp(w, "sn") == 0 && (l->spectral = true); }

/* The table's own names, and the short ones. */
static bool read_activation(bf_layer *l, const char *w)
{
    const int kind = strcmp(w, "lrelu") == 0 ? BF_LEAKY_RELU : strcmp(w, "lrelu0.2") == 0 ? BF_LEAKY_RELU_2 : bf_activation_find(w);
    if (kind < 0) return false;
    l->activation = (bf_activation)kind;
    return true;
}

static const struct { unsigned bit; bool (*read)(bf_layer *l, const char *word); const char *form; } options[] = {
    { WINDOW, read_window, "KxK" }, { STRIDE, read_stride, "/S" }, { PAD, read_pad, "pN" }, { OUT_PAD, read_out_pad, "opN" }, { SAME, read_same, "same" },
    { NORM, read_norm, "bn" }, { SPECTRAL, read_spectral, "sn" }, { ACTIVATION, read_activation, "an activation" },
};
enum { OPTIONS = sizeof options / sizeof *options };

/* --- sentences ---------------------------------------------------------------------------------------------------- */

static void keep_nearest(const char *word, const char *candidate, const char **best, int *distance)
{
    const int d = bf_edit_distance(word, candidate);
    if (d >= *distance) return;
    *distance = d;
    *best = candidate;
}

/* Words that are always written the same way; those of a layer's other words when it is not about the kind. */
static const char *nearest_word(const char *word, bool kind)
{
    static const char *const others[] = { "bn", "sn", "same", "lrelu", "lrelu0.2" };
    const char *best = NULL;
    int distance = bf_edit_limit(word) + 1;
    for (int k = 0; kind && k < BF_LAYER_KINDS; k++) keep_nearest(word, kinds[k].name, &best, &distance);
    for (size_t i = 0; !kind && i < sizeof others / sizeof *others; i++) keep_nearest(word, others[i], &best, &distance);
    for (int i = 0; !kind && bf_activation_names[i] != NULL; i++) keep_nearest(word, bf_activation_names[i], &best, &distance);
    return best;
}

static bool misfit(char *why, int position, const char *word, const char *what, const char *near)
{
    snprintf(why, BF_LAYER_WHY, "word %d '%.31s': %.95s%s%.20s%s", position + 1, word, what, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return false;
}

static bool unknown_kind(char *why, int position, const char *word)
{
    char what[96] = "expected ";
    for (int k = 0; k < BF_LAYER_KINDS; k++) {
        const size_t used = strlen(what);
        snprintf(what + used, sizeof what - used, "%s%s", k == 0 ? "" : k + 1 < BF_LAYER_KINDS ? ", " : " or ", kinds[k].name);
    }
    return misfit(why, position, word, what, nearest_word(word, true));
}

static bool unknown_word(char *why, int position, const char *word, bf_layer_kind kind)
{
    char what[96];
    snprintf(what, sizeof what, "%s takes%s", kinds[kind].name, kinds[kind].takes ? "" : " no more words");
    for (int i = 0, n = 0; i < OPTIONS; i++) {
        if (!(kinds[kind].takes & options[i].bit)) continue;
        const size_t used = strlen(what);
        snprintf(what + used, sizeof what - used, "%s %s", n++ ? "," : "", options[i].form);
    }
    return misfit(why, position, word, what, nearest_word(word, false));
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static bool split(const char *text, words *w, char *why)
{
    memset(w, 0, sizeof *w);
    for (const char *p = text + strspn(text, " "); *p != '\0'; p += strspn(p, " ")) {
        const size_t length = strcspn(p, " ");
        if (w->count == MAX_WORDS || length >= WORD) {
            snprintf(why, BF_LAYER_WHY, "word %d: %s", w->count + 1, w->count == MAX_WORDS ? "more words than any layer has" : "longer than any word there is");
            return false;
        }
        memcpy(w->at[w->count++], p, length);
        p += length;
    }
    if (w->count == 0) snprintf(why, BF_LAYER_WHY, "no words; expected a layer such as 'conv 64 4x4 /2 relu'");
    return w->count > 0;
}

/* 1024, 7x7x128, H/4xW/4x128 */
static bool read_units(const char *w, bf_layer *l)
{
    if (read_whole(w, 1, MOST_CHANNELS, &l->channels)) return true;
    const char *p = read_side(w, &l->height);
    if (p == NULL || *p != 'x') return false;
    p = read_side(p + 1, &l->width);
    l->spatial = p != NULL && *p == 'x' && read_whole(p + 1, 1, MOST_CHANNELS, &l->channels);
    return l->spatial;
}

/* The word after the kind; *at moves past it. */
static bool read_size(const words *w, int *at, bf_layer *l, char *why)
{
    const size_kind size = l->output ? NO_SIZE : kinds[l->kind].size;
    static const char *const wanted[] = { [CHANNELS] = "expected channels, 1 to 65536", [UNITS] = "expected units, 1 to 65536, or a shape such as 7x7x128",
                                          [FACTOR] = "expected a factor, 2 to 16" };
    if (size == NO_SIZE) return true;
    const char *word = *at < w->count ? w->at[*at] : "";
    const bool good = size == UNITS ? read_units(word, l) : size == FACTOR ? read_whole(word, 2, MOST_STRIDE, &l->channels)
                                                                           : read_whole(word, 1, MOST_CHANNELS, &l->channels);
    if (!good) return misfit(why, *at, word, wanted[size], NULL);
    ++*at;
    return true;
}

static bool read_options(const words *w, int at, bf_layer *l, unsigned *given, char *why)
{
    const unsigned takes = l->output ? kinds[l->kind].takes & ~(unsigned)(NORM | SPECTRAL | ACTIVATION) : kinds[l->kind].takes;
    for (; at < w->count; at++) {
        int i = 0;
        while (i < OPTIONS && !((takes & options[i].bit) && options[i].read(l, w->at[at]))) i++;
        if (i == OPTIONS && l->output) return misfit(why, at, w->at[at], "an output layer has neither channels, bn, sn nor an activation", NULL);
        if (i == OPTIONS) return unknown_word(why, at, w->at[at], l->kind);
        if (*given & options[i].bit) return misfit(why, at, w->at[at], "given already", NULL);
        *given |= options[i].bit;
    }
    return true;
}

static bool check(const bf_layer *l, unsigned given, char *why)
{
    const char *what = NULL;
    const unsigned missing = kinds[l->kind].needs & ~given;
    if (missing & WINDOW) what = "needs a window such as 4x4";
    else if (missing & ACTIVATION) what = "needs an activation such as relu";
    else if ((given & SAME) && (given & (PAD | OUT_PAD))) what = "has either same or pN";
    else if ((given & OUT_PAD) && !(given & PAD)) what = "has opN beside pN only";
    else if (l->window.out_pad >= l->window.stride) what = "needs opN below its stride";
    else if ((given & PAD) && l->window.pad >= l->window.kernel) what = "needs pN below its window";
    if (what != NULL) snprintf(why, BF_LAYER_WHY, "%s %s", kinds[l->kind].name, what);
    return what == NULL;
}

bool bf_layer_parse(const char *text, bf_layer *out, char why[BF_LAYER_WHY])
{
    words w;
    unsigned given = 0;
    bf_layer l = { .activation = BF_LINEAR, .window = { .stride = 1 } };
    if (!split(text, &w, why)) return false;
    int at = strcmp(w.at[0], "output") == 0 ? 1 : 0, kind = 0;
    l.output = at == 1;
    while (kind < BF_LAYER_KINDS && (at == w.count || strcmp(w.at[at], kinds[kind].name) != 0)) kind++;
    const bool ends = kind == BF_LAYER_CONV || kind == BF_LAYER_DECONV || kind == BF_LAYER_FC;
    if (l.output && !ends) return misfit(why, at, at < w.count ? w.at[at] : "", "an output layer is conv, deconv or fc", NULL);
    if (kind == BF_LAYER_KINDS) return unknown_kind(why, at, w.at[at]);
    l.kind = (bf_layer_kind)kind;
    at++;
    if (!read_size(&w, &at, &l, why) || !read_options(&w, at, &l, &given, why)) return false;
    l.window.same = !(given & PAD);
    if (!(given & WINDOW)) l.window.kernel = 3;     /* of blocks; where there is no window it means nothing */
    if (!check(&l, given, why)) return false;
    *out = l;
    return true;
}

int bf_side_of(bf_side s, int height, int width)
{
    const int whole = s.of == 'H' ? height : width;
    return s.of == 0 ? s.number : (whole + s.number - 1) / s.number;
}
