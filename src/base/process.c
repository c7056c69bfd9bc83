#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

static bool is_closed(int fd) { return fcntl(fd, F_GETFD) < 0 && errno == EBADF; }

void bf_process_prepare(void)
{
    /* The wrong way round, so that reading and writing fail as they did; open() takes the lowest number that is free. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (is_closed(fd) && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) break;
    signal(SIGXFSZ, SIG_IGN);
}
