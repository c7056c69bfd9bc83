#include "study/key_value.h"
#include "study/range.h"

#include <string.h>

bool bf_word_at(const char *list, int i, char *out, size_t size)
{
    const char *p = list;
    for (; i > 0 && p; i--) {
        p = strchr(p, ' ');
        if (p) p++;
    }
    if (!p || !*p) return false;
    snprintf(out, size, "%.*s", (int)strcspn(p, " "), p);
    return true;
}

bool bf_key_choice(const bf_key *k, int i, char out[BF_NAME])
{
    if (!k->choices) return k->range && bf_word_at(k->range, i, out, BF_NAME);
    for (int j = 0; j <= i; j++)
        if (!k->choices[j]) return false;
    snprintf(out, BF_NAME, "%s", k->choices[i]);
    return true;
}

void bf_key_choices(const bf_key *k, char *out, size_t size)
{
    char name[BF_NAME];
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; used < size && bf_key_choice(k, i, name); i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", name);
}

void bf_key_expectation(const bf_key *k, char *out, size_t size)
{
    static const char *const nouns[] = {
        [BF_KEY_INT] = "an integer", [BF_KEY_REAL] = "a number", [BF_KEY_INTS] = "a list of integers", [BF_KEY_REALS] = "a list of numbers",
        [BF_KEY_PAIR] = "a list of two numbers", [BF_KEY_LAYERS] = "a list of layers", [BF_KEY_WEIGHT] = "a number" };
    char text[300];
    switch (k->type) {
    case BF_KEY_BOOL: snprintf(out, size, "true or false"); return;
    case BF_KEY_TEXT: snprintf(out, size, k->range ? "text of the form %s" : "text", k->range); return;
    case BF_KEY_PATHS: snprintf(out, size, "a path, a list of paths, or {train: path, test: path, ...}"); return;
    case BF_KEY_CHOICE: bf_key_choices(k, text, sizeof text); snprintf(out, size, strchr(text, ',') ? "one of %s" : "%s", text); return;
    case BF_KEY_CHOICES: bf_key_choices(k, text, sizeof text); snprintf(out, size, "one of %s, or a list of several", text); return;
    case BF_KEY_SPLITS: bf_key_choices(k, text, sizeof text); snprintf(out, size, "a list of %s", text); return;
    case BF_KEY_MEASURES: bf_key_choices(k, text, sizeof text); snprintf(out, size, "all, or a list of %s", text); return;
    default: break;
    }
    const bf_range r = bf_range_parse(k->range);
    bf_range_print(&r, text, sizeof text);
    snprintf(out, size, "%s%s%s%s%s%s", nouns[k->type], text[0] ? " in " : "", text, r.word[0] ? " or " : "", r.word,
             k->type == BF_KEY_WEIGHT ? " or {range: [first, last]}" : "");
}
