#include "base/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t requested;

static int from_a_person(int signal_number)
{
    return signal_number == SIGINT || signal_number == SIGTERM;
}

/* The first signal asks to save and stop. A second INT or TERM means it: the default action is put back and the signal
 * sent again, so Ctrl-C twice ends the program. USR1 followed by TERM (a scheduler's warning, then its limit) is still one request. */
static void on_signal(int signal_number)
{
    if (from_a_person(signal_number) && from_a_person(requested)) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);       /* delivered when this handler returns */
        return;
    }
    if (requested == 0 || from_a_person(signal_number))
        requested = signal_number;
}

void bf_stop_install(void)
{
    static const int numbers[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };  /* no write of ours ends half done with EINTR */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);       /* `betafield run | head`: a reader that leaves must not end a training */
}

int bf_stop_requested(void)
{
    return requested;
}

void bf_stop_request(int signal_number)
{
    requested = signal_number;
}
