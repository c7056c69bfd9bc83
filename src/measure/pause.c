#include "measure/pause.h"

#include "measure/evaluator.h"

static bool wish(void *self)
{
    bf_evaluator *e = self;
    return e->on_block && e->on_block(e->on_block_self);
}

bool bf_pause(bf_evaluator *e)
{
    return e && (e->poll.stop || bf_poll_ask(&e->poll, wish(e)));
}

bf_status bf_pause_end(bf_evaluator *e)
{
    return e && bf_poll_end(&e->poll, wish, e) ? BF_FAIL(BF_E_STOPPED, "stopped in an evaluation") : BF_DONE;
}
