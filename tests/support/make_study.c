/* make_study DIR [CONFIGS]: writes a small study's folder, for the reader tests. */
#include <stdio.h>
#include <stdlib.h>

#include "sample_study.h"

int main(int argc, char **argv)
{
    bf_comm *world;
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
    if (s.code) return bf_status_exit_code(&s);
    int configs = argc > 2 ? atoi(argv[2]) : 5;
    if (argc < 2 || configs < 1 || configs > 64) s = BF_FAIL(BF_E_USAGE, "make_study DIR [1..64]");
    if (!s.code) s = sample_study_write(world, argv[1], configs);
    if (s.code) fprintf(stderr, "make_study: %s\n", s.what);
    bf_comm_finalize(&world);
    return bf_status_exit_code(&s);
}
