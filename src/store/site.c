#include "store/site.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bf_status bf_site_open(const char *dir, const char *tag, bf_site *out)
{
    *out = (bf_site){ dir, tag, open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) };     /* O_PATH: a folder need not be readable to be written to */
    return out->fd >= 0 ? BF_DONE : BF_FAIL(BF_E_IO, "%s: cannot open folder: %s", dir, strerror(errno));
}

/* While it is open its number is given to no other, except by a server of files, which then calls it stale. */
bf_status bf_site_check(const bf_site *p)
{
    struct stat held, there;
    BF_TRY(bf_file_seen(p->dir));
    if (p->fd < 0 || stat(p->dir, &there) != 0) return BF_DONE;
    const bool told = fstat(p->fd, &held) == 0;
    if (told ? held.st_nlink > 0 && held.st_dev == there.st_dev && held.st_ino == there.st_ino : errno != ESTALE) return BF_DONE;
    return BF_FAIL(BF_E_IO, "%s was removed, moved or replaced while this run was writing there", p->dir);
}

void bf_site_close(bf_site *p)
{
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
}
