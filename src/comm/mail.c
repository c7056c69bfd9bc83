#include "comm/mail.h"
#include "base/clock.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A letter on its way: MPI reads the bytes until the request completes, so they are a copy of ours. Sends are synchronous: complete means
 * that the receiver has taken it, which is what closing relies on. */
typedef struct pending {
    struct pending *next;
    MPI_Request     request;
    char            bytes[];
} pending;

struct bf_mail {
    MPI_Comm    comm;
    pending    *first;
    bf_letter   arriving;   /* found, but not all here yet; .bytes is NULL when there is none */
    MPI_Request arrival;
};

bf_status bf_mail_open(const bf_comm *c, bf_mail **out)
{
    *out = NULL;
    bf_mail *m = calloc(1, sizeof *m);
    bf_status s = bf_comm_agree(c, m != NULL ? BF_DONE : BF_FAIL(BF_E_MEMORY, "cannot allocate a mailbox"));
    if (s.code) {
        free(m);
        return s;
    }
    MPI_Comm_dup(bf_comm_mpi(c), &m->comm);
    *out = m;
    return s;
}

bf_status bf_mail_send(bf_mail *m, int to, int kind, const void *bytes, size_t n)
{
    assert(kind >= 0);
    if (n > INT_MAX)
        return BF_FAIL(BF_E_INTERNAL, "a letter of %zu bytes is longer than MPI can count", n);
    pending *p = malloc(sizeof *p + n);
    if (p == NULL)
        return BF_FAIL(BF_E_MEMORY, "cannot allocate a letter of %zu bytes", n);
    if (n > 0)
        memcpy(p->bytes, bytes, n);
    MPI_Issend(p->bytes, (int)n, MPI_BYTE, to, kind, m->comm, &p->request);
    p->next = m->first;
    m->first = p;
    return BF_DONE;
}

/* Frees what has been delivered. */
static void move_on(bf_mail *m)
{
    for (pending **at = &m->first; *at != NULL;) {
        pending *p = *at;
        int done;
        MPI_Test(&p->request, &done, MPI_STATUS_IGNORE);
        if (done) {
            *at = p->next;
            free(p);
        } else {
            at = &p->next;
        }
    }
}

/* Starts to receive the next letter when there is one. */
static void look_for_one(bf_mail *m)
{
    int there, n;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, m->comm, &there, &status);
    if (!there)
        return;
    MPI_Get_count(&status, MPI_BYTE, &n);
    char *bytes = malloc((size_t)n + 1);
    if (bytes == NULL)
        return;                     /* it stays where it is; a later poll finds it again */
    bytes[n] = '\0';                /* what is read as text ends */
    m->arriving = (bf_letter){ .from = status.MPI_SOURCE, .kind = status.MPI_TAG, .size = (size_t)n, .bytes = bytes };
    MPI_Irecv(bytes, n, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, m->comm, &m->arrival);
}

/* A long letter needs its sender's help to cross a network, and the sender may be computing: so the receiver does not wait for it here. */
bool bf_mail_poll(bf_mail *m, bf_letter *out)
{
    move_on(m);
    if (m->arriving.bytes == NULL)
        look_for_one(m);
    if (m->arriving.bytes == NULL)
        return false;
    int here;
    MPI_Test(&m->arrival, &here, MPI_STATUS_IGNORE);
    if (!here)
        return false;
    *out = m->arriving;
    m->arriving = (bf_letter){ 0 };
    return true;
}

bool bf_mail_wait(bf_mail *m, double seconds, bf_letter *out)
{
    const struct timespec nap = { .tv_nsec = 100000 };      /* long enough to leave the core to others, short beside any task */
    const double deadline = bf_clock_seconds() + seconds;
    for (;;) {
        if (bf_mail_poll(m, out))
            return true;
        if (bf_clock_seconds() >= deadline)
            return false;
        nanosleep(&nap, NULL);
    }
}

static void discard_one(bf_mail *m)
{
    bf_letter letter;
    if (bf_mail_poll(m, &letter))
        free(letter.bytes);
}

/* Everyone keeps taking letters, first until its own are delivered, then until everyone else says the same: no rank waits for one that
 * has already left, and no letter is left in MPI, also when a run ends by a failure. */
void bf_mail_close(bf_mail **m)
{
    if (*m == NULL)
        return;
    while ((*m)->first != NULL)
        discard_one(*m);
    MPI_Request everyone;
    MPI_Ibarrier((*m)->comm, &everyone);
    for (int done = 0; !done || (*m)->arriving.bytes != NULL; discard_one(*m))
        MPI_Test(&everyone, &done, MPI_STATUS_IGNORE);      /* a completed request is null, which stays done */
    MPI_Comm_free(&(*m)->comm);
    free(*m);
    *m = NULL;
}
