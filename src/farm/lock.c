#include "farm/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static bool try_lock(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    return fcntl(fd, F_SETLK, &whole) == 0;
}

/* Lustre mounted without flock, some user-space file systems; NFS without its lock daemon, which may as well be starting. */
static bool has_no_locks(int error, bool waited) { return error == ENOSYS || error == EOPNOTSUPP || (error == ENOLCK && waited); }

static void read_holder(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (!out[0]) snprintf(out, size, "an unnamed process");
}

static void write_holder(int fd)
{
    char host[64] = "?", line[256];
    gethostname(host, sizeof host - 1);
    const char *job = getenv("SLURM_JOB_ID");
    /* Whatever the environment holds, the line ends inside its room. */
    int n = snprintf(line, sizeof line, "host %s, pid %ld%s%.64s\n", host, (long)getpid(), job ? ", job " : "", job ? job : "");
    /* The text is a courtesy to whoever finds the lock taken; the lock itself does not depend on it. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, (size_t)n, 0) != n) return;
}

bf_status bf_lock_take(const char *dir, double patience, bf_lock *out)
{
    char path[BF_PATH], holder[160];
    *out = (bf_lock){ .fd = -1 };
    BF_TRY(bf_file_join(path, sizeof path, dir, ".lock"));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return BF_FAIL(BF_E_IO, "cannot open %s: %s", path, strerror(errno));
    double give_up = bf_clock_seconds() + patience;
    while (!(out->held = try_lock(fd))) {
        const bool waited = bf_clock_seconds() >= give_up;
        if (has_no_locks(errno, waited)) break;
        if (errno != EACCES && errno != EAGAIN && errno != ENOLCK) {
            bf_status s = BF_FAIL(BF_E_IO, "cannot lock %s: %s", path, strerror(errno));
            close(fd);
            return s;
        }
        if (waited) {
            read_holder(fd, holder, sizeof holder);
            close(fd);
            return BF_FAIL(BF_E_INPUT, "%s is in use by another run (%s)", dir, holder);
        }
        nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
    }
    write_holder(fd);
    out->fd = fd;
    return BF_DONE;
}

bf_status bf_lock_check(const bf_lock *l, const char *dir)
{
    char path[BF_PATH];
    struct stat held, there;
    BF_TRY(bf_file_join(path, sizeof path, dir, ".lock"));
    const bool found = stat(path, &there) == 0;
    /* A file system that does not answer just now is asked again later. */
    if ((!found && errno != ENOENT && errno != ENOTDIR) || fstat(l->fd, &held) != 0) return BF_DONE;
    if (found && held.st_dev == there.st_dev && held.st_ino == there.st_ino) return BF_DONE;
    return BF_FAIL(BF_E_IO, "%s, or its .lock, was removed, moved or replaced while this run was writing there", dir);
}

void bf_lock_release(bf_lock *l)
{
    if (l->fd >= 0) close(l->fd);
    *l = (bf_lock){ .fd = -1 };
}
