/* A leader's mail. */
#include <stdlib.h>

#include "farm/crew.h"
#include "mpi_check.h"

/* Rank 0 looks between its steps, and others write more than one letter in the time of a long one. */
static void takes_all_letters_that_are_there(const bf_comm *world, bf_mail *mail)
{
    enum { LETTERS = 20 };
    bf_crew crew = { .world = world, .team = world, .mail = mail, .leader = true };
    bf_task task = { .id = 7, .parent = -1 };
    bf_letter left;
    for (int i = 0; i < LETTERS; i++) BF_MPI_OK(bf_mail_send(mail, 0, BF_LETTER_STOP, NULL, 0));
    BF_MPI_OK(bf_mail_send(mail, 0, BF_LETTER_GIVE, &task, sizeof task));
    bf_crew_serve(&crew);
    BF_MPI_CHECK(crew.stop && crew.has_next && crew.next.id == 7);
    BF_MPI_CHECK(!bf_mail_poll(mail, &left));
}

int main(int argc, char **argv)
{
    bf_comm *world;
    bf_mail *mail;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    BF_MPI_OK(bf_mail_open(world, &mail));
    takes_all_letters_that_are_there(world, mail);
    bf_mail_close(&mail);
    bf_comm_finalize(&world);
    return world == NULL ? 0 : 1;
}
