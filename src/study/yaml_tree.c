#include "study/yaml_tree.h"
#include "study/yaml_bytes.h"
#include "base/utf8.h"

#include <yaml.h>

#include <stdlib.h>
#include <string.h>

typedef struct loader {
    yaml_parser_t parser;
    bf_yaml      *tree;
    bf_problems  *problems;
    const char   *key;          /* of an override; "" in a file */
    bool          places;
    char          path[96];     /* dotted keys down to where we are */
} loader;

static void complain(loader *l, const yaml_mark_t *mark, const char *what)
{
    const bool here = l->places && mark;
    bf_problems_add(l->problems, here ? (int)mark->line + 1 : 0, here ? (int)mark->column + 1 : 0, l->places ? l->path : l->key, "%s", what);
}

/* libyaml's own words for a malformed text, with the place where it gave up. */
static void complain_malformed(loader *l)
{
    const yaml_parser_t *p = &l->parser;
    char what[300];
    if (p->error == YAML_MEMORY_ERROR) {
        complain(l, NULL, "no memory to parse it");
        return;
    }
    const char *problem = p->problem ? p->problem : "malformed";
    if (p->context && l->places && p->context_mark.line != p->problem_mark.line)
        snprintf(what, sizeof what, "not valid YAML: %s %s that starts at line %zu", problem, p->context, p->context_mark.line + 1);
    else if (p->context) snprintf(what, sizeof what, "not valid YAML: %s %s", problem, p->context);
    else snprintf(what, sizeof what, "not valid YAML: %s", problem);
    l->path[0] = '\0';
    complain(l, p->error == YAML_READER_ERROR ? NULL : &p->problem_mark, what);
}

static bool next_event(loader *l, yaml_event_t *e)
{
    if (yaml_parser_parse(&l->parser, e)) return true;
    complain_malformed(l);
    return false;
}

static int add_node(loader *l, bf_yaml_kind kind, const yaml_mark_t *mark)
{
    bf_yaml *y = l->tree;
    if (y->count == BF_YAML_NODES) {
        complain(l, mark, "too many values in one file");
        return -1;
    }
    if (y->count == y->capacity) {
        const int capacity = y->capacity ? 2 * y->capacity : 64;
        bf_yaml_node *at = realloc(y->at, (size_t)capacity * sizeof *at);
        if (!at) {
            complain(l, mark, "no memory to parse it");
            return -1;
        }
        y->at = at;
        y->capacity = capacity;
    }
    y->at[y->count] = (bf_yaml_node){ .kind = kind, .line = l->places ? (int)mark->line + 1 : 0,
                                      .column = l->places ? (int)mark->column + 1 : 0, .key = -1, .first = -1, .next = -1 };
    return y->count++;
}

static int add_scalar(loader *l, const yaml_event_t *e)
{
    bf_yaml *y = l->tree;
    const size_t length = e->data.scalar.length;
    const int node = add_node(l, BF_YAML_SCALAR, &e->start_mark);
    if (node < 0) return -1;
    if (length + 1 > y->size - y->used) {
        const size_t size = 2 * y->size + length + 256;
        char *text = realloc(y->text, size);
        if (!text) {
            complain(l, &e->start_mark, "no memory to parse it");
            return -1;
        }
        y->text = text;
        y->size = size;
    }
    const yaml_scalar_style_t style = e->data.scalar.style;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        complain(l, &e->start_mark, "block text (| or >) is not used in study files; write it on one line");
    if (memchr(e->data.scalar.value, '\0', length)) complain(l, &e->start_mark, "an escaped NUL in a text");
    memcpy(y->text + y->used, e->data.scalar.value, length);
    y->text[y->used + length] = '\0';
    y->at[node].text = y->used;
    y->at[node].plain = style == YAML_PLAIN_SCALAR_STYLE;
    y->used += length + 1;
    return node;
}

static void refuse_decorations(loader *l, const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (e->type == YAML_SCALAR_EVENT) anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
    if (e->type == YAML_SEQUENCE_START_EVENT) anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
    if (e->type == YAML_MAPPING_START_EVENT) anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
    if (anchor) complain(l, &e->start_mark, "anchors (&) are not used in study files; write the value where it is needed");
    if (tag) complain(l, &e->start_mark, "tags (!) are not used in study files");
}

static int read_value(loader *l, yaml_event_t *e, int depth);

static void append(bf_yaml *y, int parent, int *last, int child)
{
    if (*last < 0) y->at[parent].first = child;
    else y->at[*last].next = child;
    *last = child;
    y->at[parent].count++;
}

static int read_sequence(loader *l, int node, int depth)
{
    int last = -1;
    for (;;) {
        yaml_event_t e;
        if (!next_event(l, &e)) return -1;
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            return node;
        }
        const int child = read_value(l, &e, depth);
        if (child < 0) return -1;
        append(l->tree, node, &last, child);
    }
}

/* The earlier value under the same key, or -1. */
static int find_twin(const bf_yaml *y, int mapping, int key)
{
    for (int c = y->at[mapping].first; c >= 0; c = y->at[c].next)
        if (strcmp(bf_yaml_text(y, y->at[c].key), bf_yaml_text(y, key)) == 0) return c;
    return -1;
}

/* False when the mapping's pair must not enter the tree; it was complained about. */
static bool key_is_good(loader *l, int mapping, int key, const yaml_mark_t *mark)
{
    const bf_yaml *y = l->tree;
    const int twin = find_twin(y, mapping, key);
    char what[120];
    if (strcmp(bf_yaml_text(y, key), "<<") == 0 && y->at[key].plain) {
        complain(l, mark, "merge keys (<<) are not used in study files");
        return false;
    }
    if (twin < 0) return true;
    if (l->places) snprintf(what, sizeof what, "duplicate key; it was given at line %d already", y->at[y->at[twin].key].line);
    else snprintf(what, sizeof what, "duplicate key");
    complain(l, mark, what);
    return false;
}

/* Appends a key to the path; what does not fit is cut, because the path only serves the sentences. */
static void enter_path(loader *l, const char *key)
{
    const size_t used = strlen(l->path);
    const size_t dot = used > 0;
    if (used + dot + 1 >= sizeof l->path) return;
    if (dot) l->path[used] = '.';
    bf_text_quote(key, l->path + used + dot, sizeof l->path - used - dot);
}

static int read_mapping(loader *l, int node, int depth)
{
    const size_t parent_path = strlen(l->path);
    int last = -1;
    for (;;) {
        yaml_event_t e;
        if (!next_event(l, &e)) return -1;
        if (e.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&e);
            return node;
        }
        if (e.type != YAML_SCALAR_EVENT || l->tree->at[node].count == BF_YAML_MAPPING_KEYS) {
            complain(l, &e.start_mark, e.type == YAML_SCALAR_EVENT ? "too many keys in one mapping" : "a key must be a plain word");
            yaml_event_delete(&e);
            return -1;
        }
        refuse_decorations(l, &e);
        const yaml_mark_t mark = e.start_mark;
        const int key = add_scalar(l, &e);
        yaml_event_delete(&e);
        if (key < 0) return -1;
        enter_path(l, bf_yaml_text(l->tree, key));
        const bool good = key_is_good(l, node, key, &mark);
        if (!next_event(l, &e)) return -1;
        const int child = read_value(l, &e, depth);
        if (child < 0) return -1;
        l->path[parent_path] = '\0';
        if (!good) continue;
        l->tree->at[child].key = key;
        append(l->tree, node, &last, child);
    }
}

/* Takes the event over. Recursion is bounded by BF_YAML_DEPTH. -1 after a problem that ends the parsing. */
static int read_value(loader *l, yaml_event_t *e, int depth)
{
    int node = -1;
    const yaml_event_type_t type = e->type;
    refuse_decorations(l, e);
    if (type == YAML_ALIAS_EVENT) complain(l, &e->start_mark, "aliases (*) are not used in study files; write the value where it is needed");
    else if (type == YAML_SCALAR_EVENT) node = add_scalar(l, e);
    else if (depth == BF_YAML_DEPTH) complain(l, &e->start_mark, "nested too deeply");
    else node = add_node(l, type == YAML_MAPPING_START_EVENT ? BF_YAML_MAPPING : BF_YAML_SEQUENCE, &e->start_mark);
    yaml_event_delete(e);
    if (node < 0 || type == YAML_SCALAR_EVENT) return node;
    return type == YAML_MAPPING_START_EVENT ? read_mapping(l, node, depth + 1) : read_sequence(l, node, depth + 1);
}

/* Reads the stream's one document. */
static bool read_document(loader *l)
{
    yaml_event_t e;
    if (!next_event(l, &e)) return false;               /* stream start */
    yaml_event_delete(&e);
    if (!next_event(l, &e)) return false;
    if (e.type == YAML_STREAM_END_EVENT) {
        yaml_event_delete(&e);
        complain(l, NULL, l->places ? "the file is empty; the least a study needs is `study: NAME`" : "expected a value, got nothing");
        return false;
    }
    if (e.data.document_start.version_directive || e.data.document_start.tag_directives.start != e.data.document_start.tag_directives.end)
        complain(l, &e.start_mark, "directives (%) are not used in study files");
    yaml_event_delete(&e);
    if (!next_event(l, &e)) return false;
    if (read_value(l, &e, 0) < 0 || !next_event(l, &e)) return false;       /* the value, then the document's end */
    yaml_event_delete(&e);
    if (!next_event(l, &e)) return false;
    if (e.type != YAML_STREAM_END_EVENT) complain(l, &e.start_mark, "a second document; a study file holds one");
    yaml_event_delete(&e);
    return true;
}

bool bf_yaml_load(const char *text, size_t n, const char *key, bf_problems *problems, bf_yaml *out)
{
    memset(out, 0, sizeof *out);
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, n -= 3;      /* a byte order mark says nothing in UTF-8 */
    unsigned char *copy = bf_yaml_clean(text, n, key, problems);
    if (!copy) return false;
    loader l = { .tree = out, .problems = problems, .key = key, .places = key[0] == '\0' };
    bool whole = false;
    if (yaml_parser_initialize(&l.parser)) {
        yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&l.parser, copy, n);
        whole = read_document(&l);
        yaml_parser_delete(&l.parser);
    } else {
        complain(&l, NULL, "no memory to parse it");
    }
    free(copy);
    if (!whole) bf_yaml_free(out);
    return whole;
}

void bf_yaml_free(bf_yaml *y)
{
    free(y->at);
    free(y->text);
    memset(y, 0, sizeof *y);
}

bool bf_yaml_is_nothing(const bf_yaml *y, int node)
{
    if (y->at[node].kind != BF_YAML_SCALAR || !y->at[node].plain) return false;
    const char *t = bf_yaml_text(y, node);
    return t[0] == '\0' || strcmp(t, "~") == 0 || strcmp(t, "null") == 0;
}

void bf_text_quote(const char *text, char *out, size_t size)
{
    size_t used = 0;
    const unsigned char *t = (const unsigned char *)text;
    for (size_t n = strlen(text), i = 0; i < n;) {
        const size_t length = bf_utf8_length(t + i, n - i);
        const bool strange = length == 0 || bf_utf8_is_control(t + i);
        if (used + (length ? length : 1) + 1 > size) break;
        if (strange) out[used++] = '?';
        else memcpy(out + used, t + i, length), used += length;
        i += length ? length : 1;
    }
    out[used] = '\0';
}

void bf_yaml_quote(const bf_yaml *y, int node, char *out, size_t size)
{
    const bf_yaml_kind kind = y->at[node].kind;
    char piece[48];
    if (bf_yaml_is_nothing(y, node)) snprintf(out, size, "nothing");
    else if (kind == BF_YAML_MAPPING) snprintf(out, size, "a mapping");
    else if (kind == BF_YAML_SEQUENCE) snprintf(out, size, y->at[node].count ? "a list" : "an empty list");
    else {
        const char *text = bf_yaml_text(y, node), *rest = strlen(text) < sizeof piece ? "" : "...";
        bf_text_quote(text, piece, sizeof piece);
        snprintf(out, size, y->at[node].plain ? "'%s%s'" : "the quoted text \"%s%s\"", piece, rest);
    }
}
