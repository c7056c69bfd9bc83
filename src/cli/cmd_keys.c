/* betafield keys: the table of input keys, for people, for programs and for the manual page. */
#include "cli/cli.h"
#include "cli/text.h"
#include "study/key.h"
#include "study/key_value.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct options { const char *glob; bool json, man; } options;

enum { DEFAULT_AT = 31, MEANING_AT = 46, MEANING = 1024 };

/* --- for people --------------------------------------------------------------------------------------------------- */

/* A key that stands for its own absence (model.condition: none) is used by its other values; nobody needs telling. */
static const char *condition(const bf_key *k)
{
    return k->when && strncmp(k->when, k->path, strlen(k->path)) != 0 ? k->when : NULL;
}

/* "learning rate; a number in (0, inf)": all that a row says beside its default. */
static void meaning(const bf_key *k, char out[MEANING])
{
    char expects[400];
    bf_key_expectation(k, expects, sizeof expects);
    snprintf(out, MEANING, "%s%s%s%s; %s%s%s", k->help, k->unit ? " [" : "", k->unit ? k->unit : "", k->unit ? "]" : "", expects,
             condition(k) ? "; only with " : "", condition(k) ? condition(k) : "");
}

/* Text from the column `at` on, broken at blanks; the line already holds `used` characters. */
static void print_column(const char *text, int at, int used)
{
    const int width = BF_TEXT_COLUMNS - at;
    while (*text) {
        printf("%*s", used < at ? at - used : 0, "");
        int length = (int)strlen(text);
        if (length > width) {
            length = width;
            while (length > 0 && text[length] != ' ') length--;
            if (length == 0) length = (int)strcspn(text, " ");
        }
        printf("%.*s\n", length, text);
        text += length + strspn(text + length, " ");
        used = 0;
    }
}

static void print_row(const bf_key *k)
{
    char text[MEANING];
    int used = printf("%-*s %s", DEFAULT_AT - 1, k->path, k->fallback ? k->fallback : "(required)");
    meaning(k, text);
    if (used >= MEANING_AT) {
        putchar('\n');
        used = 0;
    }
    print_column(text, MEANING_AT, used);
}

/* --- for programs ------------------------------------------------------------------------------------------------- */

static void json_field(const char *name, const char *text)
{
    printf(", \"%s\": ", name);
    if (text) bf_json_text(text, stdout);
    else printf("null");
}

static void json_choices(const bf_key *k)
{
    char name[BF_NAME];
    const bool named = k->type == BF_KEY_CHOICE || k->type == BF_KEY_CHOICES || k->type == BF_KEY_SPLITS || k->type == BF_KEY_MEASURES;
    printf(", \"choices\": [");
    for (int i = 0; named && bf_key_choice(k, i, name); i++) {
        printf(i ? ", " : "");
        bf_json_text(name, stdout);
    }
    printf("]");
}

static void json_row(const bf_key *k)
{
    char expects[400];
    bf_key_expectation(k, expects, sizeof expects);
    printf("  {\"key\": ");
    bf_json_text(k->path, stdout);
    json_field("type", bf_key_type_name(k->type));
    json_field("default", k->fallback);
    json_field("expects", expects);
    json_choices(k);
    json_field("unit", k->unit);
    json_field("help", k->help);
    json_field("with", condition(k));
    printf(", \"result\": %s, \"sweep\": %s}", k->flags & BF_KEY_RESULT ? "true" : "false", k->flags & BF_KEY_SWEEP ? "true" : "false");
}

/* --- for the manual page ------------------------------------------------------------------------------------------ */

static void roff_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '-') fputs("\\-", stdout);
        else if (*text == '\\') fputs("\\e", stdout);
        else if (*text == '"') fputs("\\(dq", stdout);
        else putchar(*text);
    }
}

static void man_row(const bf_key *k)
{
    char text[MEANING];
    meaning(k, text);
    fputs(".TP\n\\fB", stdout);
    roff_text(k->path);
    fputs("\\fR", stdout);
    if (k->fallback) {
        fputs(" (", stdout);
        roff_text(k->fallback);
        fputs(")", stdout);
    }
    fputs("\n\\&", stdout);
    roff_text(text);
    putchar('\n');
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static bf_status print_keys(const options *o)
{
    int n, printed = 0;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        if (o->glob && fnmatch(o->glob, table[i].path, 0) != 0) continue;
        if (o->json) printf(printed ? ",\n" : "[\n");
        else if (!o->man && !printed) printf("%-*s %-*s %s\n", DEFAULT_AT - 1, "key", MEANING_AT - DEFAULT_AT - 1, "default", "meaning");
        printed++;
        if (o->json) json_row(&table[i]);
        else if (o->man) man_row(&table[i]);
        else print_row(&table[i]);
    }
    if (o->json && printed) printf("\n]\n");
    if (printed) return BF_DONE;
    const bf_key *near = bf_key_nearest(o->glob);
    if (near) return BF_FAIL(BF_E_INPUT, "no key matches '%.60s'; did you mean %s?", o->glob, near->path);
    return BF_FAIL(BF_E_INPUT, "no key matches '%.60s'; 'train.*' for example matches all keys below train", o->glob);
}

static const bf_option table_of_options[] = {
    { "GLOB", NULL, BF_OPTION_PLACE_MAY, offsetof(options, glob), 0, "only keys that match, such as 'train.*'" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(options, json), 0, "an array of objects" },
    { "--man", NULL, BF_OPTION_FLAG, offsetof(options, man), 0, "rows of a manual page (roff)" },
    { 0 },
};

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    options o = { 0 };
    bf_status s = bf_args_read(table_of_options, argc, argv, &o);
    if (!s.code) s = print_keys(&o);
    return bf_command_end(&bf_command_keys, &s);
}

const bf_command bf_command_keys = {
    .name = "keys",
    .synopsis = "keys [GLOB] [--json]",
    .help =
        "every input key: default, meaning, range, unit\n"
        "\n"
        "  betafield keys 'train.*'\n"
        "\n"
        "Keys are printed with their dotted path: train.lr is `lr:` below `train:` in a study file, and\n"
        "`--set train.lr=0.01` on the command line.\n",
    .run = command,
    .options = table_of_options,
};
