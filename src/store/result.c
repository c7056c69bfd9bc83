#include "store/result.h"

#include "store/times_attrs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const bf_config_status_names[] = { "pending", "running", "done", "diverged", "failed", "stopped" };

enum { MAX_COLUMNS = 4096, MAX_BETAS = 65536 };
static const int64_t MAX_EPOCHS = (int64_t)1 << 31;

static bool betas_are_sane(int n_betas) { return n_betas >= 0 && n_betas <= MAX_BETAS; }

static bool sizes_are_sane(int n_metrics, int n_history, int64_t epochs)
{
    return n_metrics >= 0 && n_metrics <= MAX_COLUMNS && n_history >= 0 && n_history <= MAX_COLUMNS && epochs >= 0 && epochs <= MAX_EPOCHS;
}

/* Entries of the two tables; the limits above keep the products far from overflow. */
static size_t metrics_count(const bf_result *r) { return 2 * (size_t)r->n_metrics; }
static size_t history_count(const bf_result *r) { return (size_t)r->epochs * (size_t)r->n_history; }

static size_t by_beta_count(const bf_result *r) { return (size_t)r->n_betas * metrics_count(r); }

static double *nan_table(size_t n)
{
    double *v = malloc((n ? n : 1) * sizeof *v);
    for (size_t i = 0; v && i < n; i++) v[i] = NAN;
    return v;
}

bf_status bf_result_create(bf_result *r, int n_metrics, int n_history, int64_t epochs)
{
    memset(r, 0, sizeof *r);
    if (!sizes_are_sane(n_metrics, n_history, epochs))
        return BF_FAIL(BF_E_INTERNAL, "a result of %d metrics, %d history columns and %lld epochs", n_metrics, n_history, (long long)epochs);
    r->n_metrics = n_metrics;
    r->n_history = n_history;
    r->epochs = epochs;
    r->parent = -1;
    r->gflops = r->roof_share = NAN;
    r->times = bf_times_unknown();
    r->metrics = nan_table(metrics_count(r));
    r->history = nan_table(history_count(r));
    if (r->metrics && r->history) return BF_DONE;
    bf_result_free(r);
    return BF_FAIL(BF_E_MEMORY, "no memory for a result of %lld epochs and %d columns", (long long)epochs, n_history);
}

bf_status bf_result_add_betas(bf_result *r, int n_betas)
{
    if (!betas_are_sane(n_betas)) return BF_FAIL(BF_E_INTERNAL, "a result of %d values of beta", n_betas);
    r->n_betas = n_betas;
    free(r->by_beta);
    r->by_beta = n_betas ? nan_table(by_beta_count(r)) : NULL;
    return r->by_beta || !n_betas ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a result of %d values of beta", n_betas);
}

void bf_result_forget_measures(bf_result *r)
{
    for (size_t i = 0; i < metrics_count(r); i++) r->metrics[i] = NAN;
    for (size_t i = 0; r->by_beta && i < by_beta_count(r); i++) r->by_beta[i] = NAN;
}

void bf_result_free(bf_result *r)
{
    free(r->by_beta);
    free(r->metrics);
    free(r->history);
    memset(r, 0, sizeof *r);
}

/* A letter is the struct itself (its pointers empty), then metrics, history and what there is by beta: both ends are the same program. */
bf_status bf_result_pack(const bf_result *r, void **bytes, size_t *n)
{
    const size_t m = metrics_count(r) * sizeof(double), h = history_count(r) * sizeof(double), b = by_beta_count(r) * sizeof(double);
    bf_result head = *r;
    head.metrics = head.history = head.by_beta = NULL;
    *n = sizeof head + m + h + b;
    char *to = *bytes = malloc(*n);
    if (!to) return BF_FAIL(BF_E_MEMORY, "no memory for a letter of %zu bytes", *n);
    memcpy(to, &head, sizeof head);
    if (m) memcpy(to + sizeof head, r->metrics, m);
    if (h) memcpy(to + sizeof head + m, r->history, h);
    if (b) memcpy(to + sizeof head + m + h, r->by_beta, b);
    return BF_DONE;
}

bf_status bf_result_unpack(const void *bytes, size_t n, bf_result *out)
{
    bf_result head;
    memset(out, 0, sizeof *out);
    if (n < sizeof head) return BF_FAIL(BF_E_INTERNAL, "a result's letter of %zu bytes", n);
    memcpy(&head, bytes, sizeof head);
    if (!sizes_are_sane(head.n_metrics, head.n_history, head.epochs) || !betas_are_sane(head.n_betas)
        || (n - sizeof head) / sizeof(double) != metrics_count(&head) + history_count(&head) + by_beta_count(&head) || (n - sizeof head) % sizeof(double))
        return BF_FAIL(BF_E_INTERNAL, "a result's letter of %zu bytes does not hold what it says", n);
    BF_TRY(bf_result_create(out, head.n_metrics, head.n_history, head.epochs));
    bf_status s = bf_result_add_betas(out, head.n_betas);
    if (s.code) {
        bf_result_free(out);
        return s;
    }
    const char *tables = (const char *)bytes + sizeof head;
    memcpy(out->metrics, tables, metrics_count(&head) * sizeof(double));
    memcpy(out->history, tables + metrics_count(&head) * sizeof(double), history_count(&head) * sizeof(double));
    if (head.n_betas) memcpy(out->by_beta, tables + (metrics_count(&head) + history_count(&head)) * sizeof(double), by_beta_count(&head) * sizeof(double));
    head.by_beta = out->by_beta;
    head.metrics = out->metrics;
    head.history = out->history;
    head.error[sizeof head.error - 1] = head.hash[sizeof head.hash - 1] = head.origin[sizeof head.origin - 1] = '\0';
    *out = head;
    return BF_DONE;
}
