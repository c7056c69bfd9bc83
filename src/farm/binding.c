#include "farm/binding.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"

/* --- cores ---------------------------------------------------------------------------------------------------------- */

void bf_core_mask_add(bf_core_mask *m, int core) { m->bits[core / 8] |= (unsigned char)(1u << core % 8); }

int bf_core_mask_count(const bf_core_mask *m)
{
    int n = 0;
    for (size_t i = 0; i < sizeof m->bits; i++) n += __builtin_popcount(m->bits[i]);
    return n;
}

static void join(bf_core_mask *m, const bf_core_mask *other)
{
    for (size_t i = 0; i < sizeof m->bits; i++) m->bits[i] |= other->bits[i];
}

static bool within(const bf_core_mask *m, const bf_core_mask *other)
{
    for (size_t i = 0; i < sizeof m->bits; i++)
        if (m->bits[i] & ~other->bits[i]) return false;
    return true;
}

/* Local. Empty when the kernel does not tell. */
static void read_mask(bf_core_mask *m)
{
    union { cpu_set_t first; unsigned long word[BF_BINDING_CORES / (8 * sizeof(unsigned long))]; } set;
    const int word = 8 * (int)sizeof(unsigned long);
    memset(m, 0, sizeof *m);
    memset(&set, 0, sizeof set);
    if (sched_getaffinity(0, sizeof set, &set.first) != 0) return;
    for (int core = 0; core < BF_BINDING_CORES; core++)
        if (set.word[core / word] >> core % word & 1) bf_core_mask_add(m, core);
}

/* --- one node ------------------------------------------------------------------------------------------------------- */

void bf_binding_judge(const bf_core_mask *masks, int ranks, int threads, bf_binding *out)
{
    bf_core_mask all = { { 0 } };
    *out = (bf_binding){ .ranks = ranks, .threads = threads };
    for (int r = 0; r < ranks; r++) {
        const int own = bf_core_mask_count(&masks[r]);
        if (own == 0) continue;             /* nothing is known about this one */
        join(&all, &masks[r]);
        int crowd = 0;
        for (int other = 0; other < ranks; other++) crowd += bf_core_mask_count(&masks[other]) > 0 && within(&masks[other], &masks[r]);
        if (crowd > 1 && (int64_t)crowd * threads > own && (out->crowd == 0 || own < out->crowd_cores)) {
            out->crowd = crowd;
            out->crowd_cores = own;
        }
        if (own < threads && out->narrow_cores == 0) out->narrow_cores = own;
    }
    out->cores = bf_core_mask_count(&all);
}

static bool too_many(const bf_binding *b) { return b->cores > 0 && (int64_t)b->ranks * b->threads > b->cores; }
/* Crowded though the node has room: somebody bound them so. */
static bool badly_bound(const bf_binding *b) { return !too_many(b) && b->crowd > 0; }
static bool too_narrow(const bf_binding *b) { return !too_many(b) && b->crowd == 0 && b->narrow_cores > 0; }

/* --- the sentence --------------------------------------------------------------------------------------------------- */

static void describe(const bf_binding *b, char *out, size_t size)
{
    if (too_many(b))
        snprintf(out, size, "%d rank%s with %d thread%s each share %d core%s, so they take turns", b->ranks, bf_plural(b->ranks), b->threads,
                 bf_plural(b->threads), b->cores, bf_plural(b->cores));
    else if (badly_bound(b))
        snprintf(out, size, "%d ranks with %d thread%s each are bound to the same %d core%s though there are %d; see mpirun --bind-to core, srun --cpu-bind",
                 b->crowd, b->threads, bf_plural(b->threads), b->crowd_cores, bf_plural(b->crowd_cores), b->cores);
    else
        snprintf(out, size, "a rank may use %d core%s, fewer than parallel.threads, %d; see mpirun --map-by slot:PE=%d, srun --cpus-per-task",
                 b->narrow_cores, bf_plural(b->narrow_cores), b->threads, b->threads);
}

/* Nodes of one kind: the first one's numbers stand for all. */
static size_t add_kind(bool (*is)(const bf_binding *), const bf_binding *nodes, int n, char *out, size_t used, size_t size)
{
    int count = 0;
    char what[256];
    for (int i = 0; i < n; i++) {
        if (!is(&nodes[i]) || used + 1 >= size) continue;
        if (count++ == 0) {
            describe(&nodes[i], what, sizeof what);
            used += (size_t)snprintf(out + used, size - used, "%s%s (", used ? "; " : "binding: ", what);
        }
        /* Long lists of hosts end early, so that the sentence keeps its end. */
        if (used + sizeof nodes->host + 16 < size) used += (size_t)snprintf(out + used, size - used, "%s%s", count > 1 ? " " : "", nodes[i].host);
    }
    if (count > 0 && used + 1 < size) used += (size_t)snprintf(out + used, size - used, ")");
    return used;
}

bool bf_binding_sentence(const bf_binding *nodes, int n, char *out, size_t size)
{
    out[0] = '\0';
    size_t used = add_kind(too_many, nodes, n, out, 0, size);
    used = add_kind(badly_bound, nodes, n, out, used, size);
    used = add_kind(too_narrow, nodes, n, out, used, size);
    return used > 0;
}

/* --- all nodes ------------------------------------------------------------------------------------------------------ */

/* Collective over both. Every node's first rank judges, world's rank 0 puts the judgements together. */
static void gather(const bf_comm *world, const bf_comm *node, int threads, bf_core_mask *masks, bf_binding *nodes, int *n)
{
    bf_core_mask mine;
    bf_binding own;
    const bool first = bf_comm_rank(node) == 0;
    read_mask(&mine);
    bf_comm_gather(node, &mine, sizeof mine, masks, NULL, 0);
    if (first) {
        bf_binding_judge(masks, bf_comm_size(node), threads, &own);
        bf_comm_host(own.host, sizeof own.host);
    }
    *n = (int)bf_comm_sum(world, first);
    bf_comm_gather(world, &own, first ? sizeof own : 0, nodes, NULL, 0);
}

bf_status bf_binding_check(const bf_comm *world, const bf_comm *node, int threads, bool *wrong, char *warning, size_t size)
{
    bf_core_mask *masks = calloc((size_t)bf_comm_size(node), sizeof *masks);
    bf_binding *nodes = calloc((size_t)bf_comm_size(world), sizeof *nodes);
    int n = 0;
    *wrong = false;
    bf_status s = bf_comm_agree(world, masks && nodes ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the binding of %d ranks", bf_comm_size(world)));
    if (!s.code) gather(world, node, threads, masks, nodes, &n);
    if (!s.code && bf_comm_rank(world) == 0) *wrong = bf_binding_sentence(nodes, n, warning, size);
    free(masks);
    free(nodes);
    return s;
}
