#include "farm/crew.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "farm/run_config.h"

/* Letters that the desk counts on: without memory for one it would wait for ever, so the job ends as if it had been killed. */
static void send(bf_crew *c, int kind, const void *bytes, size_t n)
{
    bf_status s = bf_fault_at(c->world, "crew.send", BF_E_MEMORY);
    if (!s.code) s = bf_mail_send(c->mail, 0, kind, bytes, n);
    if (s.code) bf_comm_abort(c->world, &s);
}

/* Letters that may be missing. */
static void tell(bf_crew *c, int kind, const void *bytes, size_t n)
{
    bf_status s = bf_mail_send(c->mail, 0, kind, bytes, n);
    (void)s;
}

/* A letter for a leader; everything else on rank 0 is the desk's. */
static bool take_mine(bf_crew *c, bf_letter *letter)
{
    switch (letter->kind) {
    case BF_LETTER_GIVE:
        c->next.id = -1;
        if (letter->size == sizeof c->next) memcpy(&c->next, letter->bytes, sizeof c->next);
        c->has_next = true;
        break;
    case BF_LETTER_STOP:
        c->stop = true;
        break;
    default:
        return false;
    }
    free(letter->bytes);
    return true;
}

static void dispatch(bf_crew *c, bf_letter *letter)
{
    if (take_mine(c, letter)) return;
    if (c->desk) bf_desk_letter(c->desk, letter);
    else free(letter->bytes);
}

void bf_crew_serve(bf_crew *c)
{
    enum { AT_ONCE = 256 };     /* a bound: letters may come as fast as they are read */
    bf_letter letter;
    if (!c->leader) return;
    /* All that are there: where a step takes a second, hundreds of leaders write more in it than one. */
    for (int n = 0; n < AT_ONCE && bf_mail_poll(c->mail, &letter); n++) dispatch(c, &letter);
    if (c->desk) bf_desk_tend(c->desk);
}

void bf_crew_ask(bf_crew *c)
{
    if (c->asked) return;
    c->asked = true;
    send(c, BF_LETTER_ASK, NULL, 0);
}

void bf_crew_note(bf_crew *c, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!c->leader) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell(c, BF_LETTER_NOTE, text, strlen(text));
}

void bf_crew_tell_progress(bf_crew *c, const bf_running *r) { tell(c, BF_LETTER_PROGRESS, r, sizeof *r); }

void bf_crew_please_stop(bf_crew *c)
{
    int32_t signal_number = bf_stop_requested();
    c->stop = true;
    if (c->told) return;
    c->told = true;
    send(c, BF_LETTER_PLEASE_STOP, &signal_number, sizeof signal_number);
}

/* Leaders: the next configuration; id -1 when this team is done. */
static bf_task wait_for_next(bf_crew *c)
{
    if (bf_stop_requested()) bf_crew_please_stop(c);
    if (!c->stop) bf_crew_ask(c);
    while (c->asked && !c->has_next) {
        bf_letter letter;
        if (bf_mail_wait(c->mail, 0.05, &letter)) dispatch(c, &letter);
        if (c->desk) bf_desk_tend(c->desk);
        if (bf_stop_requested()) bf_crew_please_stop(c);
    }
    bool had = c->has_next;
    c->asked = c->has_next = false;
    return had && !c->stop ? c->next : (bf_task){ .id = -1 };
}

static void send_result(bf_crew *c, const bf_result *r)
{
    void *bytes = NULL;
    size_t n = 0;
    bf_status s = bf_result_pack(r, &bytes, &n);
    if (s.code) send(c, BF_LETTER_FATAL, &s, sizeof s);
    else send(c, r->status == BF_STOPPED ? BF_LETTER_STOPPED : BF_LETTER_RESULT, bytes, n);
    free(bytes);
}

/* A signal may come to any rank, also to one whose leader waits. */
static void pass_signal(void *self)
{
    if (bf_stop_requested()) bf_crew_please_stop(self);
}

void bf_crew_work(bf_crew *c)
{
    for (;;) {
        bf_task task = { .id = -1 };
        if (c->leader) task = wait_for_next(c);
        bf_comm_bcast_sleeping(c->team, &task, sizeof task, 0, pass_signal, c);      /* the leader may be waiting for a neighbour to end */
        if (task.id < 0) break;
        bf_result r;
        memset(&r, 0, sizeof r);
        bf_status s = bf_run_config(c, &task, &r);
        if (c->leader && s.code) send(c, BF_LETTER_FATAL, &s, sizeof s);
        else if (c->leader) send_result(c, &r);
        bool stopped = r.status == BF_STOPPED;
        bf_result_free(&r);
        if (c->leader && stopped) bf_crew_please_stop(c);
        if (s.code) break;
    }
    if (c->leader) send(c, BF_LETTER_BYE, NULL, 0);
}

bf_status bf_crew_finish(bf_crew *c)
{
    bf_letter letter;
    while (c->desk && !bf_desk_all_gone(c->desk)) {
        if (bf_mail_wait(c->mail, 0.05, &letter)) dispatch(c, &letter);
        bf_desk_tend(c->desk);
    }
    if (c->desk) return bf_desk_close(&c->desk);
    /* Sleeping, not spinning: the ranks that still train may need this core. */
    for (;;) {
        pass_signal(c);
        if (!bf_mail_wait(c->mail, 0.2, &letter)) continue;
        bf_status s = BF_FAIL(BF_E_INTERNAL, "the end came with %zu bytes", letter.size);
        bool end = letter.kind == BF_LETTER_END;
        if (end && letter.size == sizeof s) memcpy(&s, letter.bytes, sizeof s);
        free(letter.bytes);
        if (end) return s;
    }
}
