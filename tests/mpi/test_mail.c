/* Letters: to oneself, in order, of any length, without waiting, and a close that leaves nobody behind. */
#include "comm/mail.h"
#include "mpi_check.h"

#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 60 };     /* seconds: only a broken test waits that long */

static bf_letter expect(bf_mail *m)
{
    bf_letter l;
    BF_MPI_CHECK(bf_mail_wait(m, PATIENCE, &l));
    return l;
}

static void test_to_oneself(const bf_comm *c)
{
    bf_mail *m;
    bf_letter l;
    BF_MPI_OK(bf_mail_open(c, &m));
    BF_MPI_CHECK(!bf_mail_poll(m, &l));
    BF_MPI_CHECK(!bf_mail_wait(m, 0.0, &l));
    char text[] = "hello";
    BF_MPI_OK(bf_mail_send(m, bf_comm_rank(c), 3, text, 5));
    memset(text, 'x', 5);           /* the letter is a copy */
    BF_MPI_OK(bf_mail_send(m, bf_comm_rank(c), 0, NULL, 0));
    l = expect(m);
    BF_MPI_CHECK(l.from == bf_comm_rank(c) && l.kind == 3 && l.size == 5 && strcmp(l.bytes, "hello") == 0);
    free(l.bytes);
    l = expect(m);
    BF_MPI_CHECK(l.kind == 0 && l.size == 0 && strcmp(l.bytes, "") == 0);
    free(l.bytes);
    bf_mail_close(&m);
    BF_MPI_CHECK(m == NULL);
    bf_mail_close(&m);
}

/* Everyone writes to everyone, itself included: short letters and letters longer than any buffer of MPI. */
static void test_everyone_to_everyone(const bf_comm *c)
{
    enum { LETTERS = 20, LONGEST = 300000 };
    int me = bf_comm_rank(c), size = bf_comm_size(c), *next = calloc((size_t)size, sizeof *next);
    char *bytes = malloc(LONGEST);
    bf_mail *m;
    BF_MPI_CHECK(next != NULL && bytes != NULL);
    BF_MPI_OK(bf_mail_open(c, &m));
    memset(bytes, 'a' + me, LONGEST);
    for (int k = 0; k < LETTERS; k++)
        for (int to = 0; to < size; to++)
            BF_MPI_OK(bf_mail_send(m, to, k, bytes, k % 3 == 0 ? LONGEST - (size_t)k : (size_t)k));
    for (int i = 0; i < LETTERS * size; i++) {
        bf_letter l = expect(m);
        int k = next[l.from]++;
        const char *text = l.bytes;
        BF_MPI_CHECK(l.kind == k);                  /* in the order they were sent */
        BF_MPI_CHECK(l.size == (k % 3 == 0 ? LONGEST - (size_t)k : (size_t)k));
        BF_MPI_CHECK(l.size == 0 || (text[0] == 'a' + l.from && text[l.size - 1] == 'a' + l.from));
        BF_MPI_CHECK(text[l.size] == '\0');
        free(l.bytes);
    }
    bf_mail_close(&m);
    free(next);
    free(bytes);
}

/* Two mailboxes over the same ranks do not see each other's letters. */
static void test_mailboxes_are_apart(const bf_comm *c)
{
    bf_mail *a, *b;
    bf_letter l;
    BF_MPI_OK(bf_mail_open(c, &a));
    BF_MPI_OK(bf_mail_open(c, &b));
    int next = (bf_comm_rank(c) + 1) % bf_comm_size(c);
    BF_MPI_OK(bf_mail_send(a, next, 1, "a", 1));
    l = expect(a);
    free(l.bytes);
    BF_MPI_CHECK(!bf_mail_poll(b, &l));
    bf_mail_close(&b);
    bf_mail_close(&a);
}

/* A run that fails leaves letters on their way, long ones among them: closing takes them in and ends. */
static void test_close_drops_what_nobody_fetched(const bf_comm *c)
{
    static char bytes[300000];
    bf_mail *m;
    BF_MPI_OK(bf_mail_open(c, &m));
    for (int k = 0; k < 5; k++)
        for (int to = 0; to < bf_comm_size(c); to++)
            BF_MPI_OK(bf_mail_send(m, to, k, bytes, k % 2 == 0 ? sizeof bytes : 8));
    bf_mail_close(&m);

    BF_MPI_OK(bf_mail_open(c, &m));         /* who has nothing to send must still take what is sent to him */
    for (int to = 1; bf_comm_rank(c) == 0 && to < bf_comm_size(c); to++)
        BF_MPI_OK(bf_mail_send(m, to, 1, bytes, sizeof bytes));
    bf_mail_close(&m);
}

static void test_refuses_what_mpi_cannot_count(const bf_comm *c)
{
    bf_mail *m;
    BF_MPI_OK(bf_mail_open(c, &m));
    BF_MPI_CHECK(bf_mail_send(m, 0, 1, NULL, (size_t)1 << 31).code == BF_E_INTERNAL);
    bf_mail_close(&m);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    test_to_oneself(world);
    test_everyone_to_everyone(world);
    test_mailboxes_are_apart(world);
    test_close_drops_what_nobody_fetched(world);
    test_refuses_what_mpi_cannot_count(world);
    bf_comm_finalize(&world);
    return 0;
}
