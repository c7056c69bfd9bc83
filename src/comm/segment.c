/* An anonymous file of rank 0, which the others open through /proc while it waits for them. Its pages are allocated at once: memory that is not there
 * is told now, not by the signal of a later access. */
#include "comm/segment.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct bf_segment {
    const bf_comm *c;       /* borrowed */
    void          *base;    /* NULL: not mapped */
    size_t         bytes;
};

/* How rank 0's file is found, and how it is known again: another process namespace has another file of that name. */
enum { TOKEN = 37 };
typedef struct door { char path[64], token[TOKEN]; } door;

static bool on_one_machine(const bf_comm *c)
{
    bf_comm *node = NULL;
    const bool all = bf_comm_node(c, &node).code == BF_OK && bf_comm_size(node) == bf_comm_size(c);
    bf_comm_free(&node);
    return bf_comm_max(c, !all) == 0;
}

/* Local. A descriptor, -1 where there is no memory for it. */
static int make_file(size_t bytes)
{
    if (bytes == 0 || bytes > bf_memory_available("") / 2) return -1;
    const int fd = memfd_create("betafield", MFD_CLOEXEC);
    if (fd >= 0 && (bytes > INT64_MAX || posix_fallocate(fd, 0, (off_t)bytes) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Local. Maps the file, of which the token at its beginning says that it is the right one. */
static void map(bf_segment *s, int fd, const door *d, bool maker)
{
    void *base = fd < 0 ? MAP_FAILED : mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return;
    s->base = base;
    if (maker) memcpy(base, d->token, TOKEN);
}

static bool is_right(const bf_segment *s, const door *d)
{
    return s->base != NULL && memcmp(s->base, d->token, TOKEN) == 0;
}

/* Local. Whatever else may be there of that name is neither waited for nor mapped: an access behind its end would be a signal. */
static int open_file(const door *d, size_t bytes)
{
    struct stat file;
    const int fd = d->path[0] ? open(d->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (fd >= 0 && (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || (uint64_t)file.st_size != (uint64_t)bytes)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Collective over c. True when all ranks have it. */
static bool open_together(bf_segment *s)
{
    const bool maker = bf_comm_rank(s->c) == 0;
    door d = { "", "" };
    int fd = maker ? make_file(s->bytes) : -1;
    if (fd >= 0) {
        snprintf(d.path, sizeof d.path, "/proc/%ld/fd/%d", (long)getpid(), fd);
        bf_uuid(d.token);
        map(s, fd, &d, true);
    }
    bf_comm_bcast(s->c, &d, sizeof d, 0);       /* the token is there before anybody looks */
    if (!maker) {
        fd = open_file(&d, s->bytes);
        map(s, fd, &d, false);
    }
    const bool all = bf_comm_max(s->c, !is_right(s, &d)) == 0;
    if (fd >= 0) close(fd);
    bf_comm_barrier(s->c);                      /* all have looked before it is wiped */
    if (all && maker) memset(s->base, 0, TOKEN);
    return all;
}

bf_segment *bf_segment_create(const bf_comm *c, size_t bytes)
{
    bf_segment *s = calloc(1, sizeof *s);
    const bool faulty = bf_fault_at(c, "segment.create", BF_E_MEMORY).code != BF_OK, tiny = bytes < TOKEN;
    if (bf_comm_max(c, s == NULL || faulty || tiny) > 0 || !on_one_machine(c)) {
        free(s);
        return NULL;
    }
    *s = (bf_segment){ .c = c, .bytes = bytes };
    if (!open_together(s)) bf_segment_free(&s);
    else bf_segment_fence(s);
    return s;
}

void *bf_segment_base(const bf_segment *s) { return s->base; }

void bf_segment_fence(const bf_segment *s)
{
    atomic_thread_fence(memory_order_seq_cst);
    bf_comm_barrier(s->c);
    atomic_thread_fence(memory_order_seq_cst);
}

void bf_segment_free(bf_segment **s)
{
    if (*s == NULL) return;
    if ((*s)->base != NULL) munmap((*s)->base, (*s)->bytes);
    free(*s);
    *s = NULL;
}
