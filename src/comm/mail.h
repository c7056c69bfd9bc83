/* Letters between ranks: sent without waiting, found by a probe. The farm's queue is made of them. */
#ifndef BF_COMM_MAIL_H
#define BF_COMM_MAIL_H
#include "comm/comm.h"

typedef struct bf_mail bf_mail;
typedef struct bf_letter { int from, kind; size_t size; void *bytes; } bf_letter;   /* bytes belong to the receiver: free() */

/* Collective over c. A communicator of its own, so letters never meet other messages. */
BF_MUST_USE bf_status bf_mail_open(const bf_comm *c, bf_mail **out);
/* Local. Returns at once; a copy is kept until it is delivered. Sending to oneself works. kind >= 0. Letters of one sender arrive in order. */
BF_MUST_USE bf_status bf_mail_send(bf_mail *m, int to, int kind, const void *bytes, size_t n);
/* Local. One probe; true when a letter was there and complete. Never waits. Also moves pending sends on. bytes end with a NUL beyond size. */
bool bf_mail_poll(bf_mail *m, bf_letter *out);
/* Local. Polls, sleeping a little between probes, until a letter arrives or seconds have passed. */
bool bf_mail_wait(bf_mail *m, double seconds, bf_letter *out);
/* Collective. Waits until all sends of all ranks are delivered, then frees. Letters that nobody has asked for are dropped. Accepts NULL in *m. */
void bf_mail_close(bf_mail **m);
#endif
