#include "data_rig.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void data_rig_options(bf_data_options *o, const char *source)
{
    static const double eigenvalues[] = { 4, 2, 1, 0.5, 0.1, 0.05 };
    memset(o, 0, sizeof *o);
    snprintf(o->source, sizeof o->source, "%s", source);
    o->train = o->test = -1;
    o->seed = 7;
    strcpy(o->dataset, "x");
    strcpy(o->binarize, "none");
    strcpy(o->scale, "auto");
    o->patches.side = o->patches.basis = 5;
    o->patches.noise = 0.05;
    strcpy(o->patches.sources, "gaussian");
    o->gaussian.eigenvalues.count = 6;
    memcpy(o->gaussian.eigenvalues.at, eigenvalues, sizeof eigenvalues);
    o->gaussian.rotate = true;
    o->manifold.dimension = 3;
    o->manifold.ambient = 40;
    o->manifold.depth = 1;
    o->manifold.width = 64;
    o->lowrank.rank = 5;
    o->lowrank.ambient = 100;
    o->lowrank.outliers = 0.05;
    o->lowrank.magnitude = 10;
    o->bumps.side = 10;
    o->bumps.variance = 0.05;
    o->sprites.side = 64;
    o->sprites.shapes = 3;
    o->sprites.scales = 4;
    o->sprites.rotations = 16;
    o->sprites.positions = 8;
    o->digits.side = 28;
    o->digits.jitter = 1;
}

void data_rig_path(bf_data_options *o, const char *role, const char *path)
{
    snprintf(o->path.role[o->path.count], sizeof o->path.role[0], "%s", role);
    snprintf(o->path.path[o->path.count], sizeof o->path.path[0], "%s", path);
    o->path.count++;
}

static void must(int true_, const char *what)
{
    if (true_)
        return;
    perror(what);
    abort();
}

void data_rig_open(data_rig *r)
{
    strcpy(r->folder, "/tmp/betafield-data-XXXXXX");
    must(mkdtemp(r->folder) != NULL, "mkdtemp");
}

const char *data_rig_file(const data_rig *r, const char *name, char out[160])
{
    snprintf(out, 160, "%s/%s", r->folder, name);
    return out;
}

void data_rig_close(data_rig *r)
{
    char path[400];
    DIR *d = opendir(r->folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", r->folder, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(r->folder);
}

void data_rig_write(const char *path, const void *bytes, size_t n)
{
    remove(path);       /* some file systems wait for the disk where a file is truncated and written again */
    FILE *f = fopen(path, "wb");
    must(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0, path);
}

void data_rig_write_gz(const char *path, const void *bytes, size_t n)
{
    remove(path);
    gzFile f = gzopen(path, "wb1");
    must(f && gzwrite(f, bytes, (unsigned)n) == (int)n && gzclose(f) == Z_OK, path);
}

size_t data_rig_read(const char *path, void *bytes, size_t capacity)
{
    FILE *f = fopen(path, "rb");
    must(f != NULL, path);
    const size_t n = fread(bytes, 1, capacity, f);
    fclose(f);
    return n;
}

size_t data_rig_idx(uint8_t *out, int axes, const uint32_t *shape)
{
    const uint8_t start[4] = { 0, 0, 8, (uint8_t)axes };
    memcpy(out, start, 4);
    for (int i = 0; i < axes; i++)
        for (int b = 0; b < 4; b++)
            out[4 + 4 * i + b] = (uint8_t)(shape[i] >> (24 - 8 * b));
    return 4 + 4 * (size_t)axes;
}

size_t data_rig_npy(uint8_t *out, const char *descr, const char *shape)
{
    char text[119];
    memset(text, ' ', sizeof text);
    const int n = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    text[n] = ' ';
    text[117] = '\n';
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = 118;
    out[9] = 0;
    memcpy(out + 10, text, 118);
    return 128;
}
