#include "base/machine.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Instruction sets worth naming, in the kernel's spelling, with the width they stand for. */
static const struct { const char *name; bf_simd simd; } features[] = {
    { "sse4_2", BF_SIMD_BASE }, { "avx", BF_SIMD_AVX }, { "f16c", BF_SIMD_AVX }, { "fma", BF_SIMD_AVX }, { "avx2", BF_SIMD_AVX2 },
    { "avx_vnni", BF_SIMD_AVX2 }, { "avx512f", BF_SIMD_AVX512 }, { "avx512dq", BF_SIMD_AVX512 }, { "avx512bw", BF_SIMD_AVX512 },
    { "avx512vl", BF_SIMD_AVX512 }, { "avx512_vnni", BF_SIMD_AVX512 }, { "avx512_bf16", BF_SIMD_AVX512 },
    { "amx_tile", BF_SIMD_AVX512 }, { "amx_bf16", BF_SIMD_AVX512 },
    { "asimd", BF_SIMD_UNKNOWN }, { "sve", BF_SIMD_UNKNOWN }, { "sve2", BF_SIMD_UNKNOWN }, { "bf16", BF_SIMD_UNKNOWN },
};

/* The words behind "key :", or NULL when the line is about something else. The text is cut at its end of line. */
static const char *value_of(char *line, const char *key)
{
    size_t n = strlen(key);
    if (strncmp(line, key, n) != 0) return NULL;
    char *p = line + n;
    p += strspn(p, " \t");
    if (*p != ':') return NULL;
    p++;
    p += strspn(p, " \t");
    p[strcspn(p, "\r\n")] = '\0';
    return p;
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)) != NULL; p += n) {
        bool starts = p == text || p[-1] == ' ', ends = p[n] == '\0' || p[n] == ' ';
        if (starts && ends) return true;
    }
    return false;
}

static void read_features(const char *flags, bf_machine *m)
{
    size_t used = 0;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (!has_word(flags, features[i].name)) continue;
        int n = snprintf(m->features + used, sizeof m->features - used, "%s%s", used ? " " : "", features[i].name);
        if (n < 0 || (size_t)n >= sizeof m->features - used) return;
        used += (size_t)n;
        if (features[i].simd > m->simd) m->simd = features[i].simd;
    }
}

/* All processors of a machine are taken to be alike: the first one's lines are read. */
static void read_cpuinfo(bf_machine *m)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (!f) return;
    char *line = NULL;
    size_t capacity = 0;
    while ((!m->cpu[0] || !m->features[0]) && getline(&line, &capacity, f) > 0) {
        const char *v = value_of(line, "model name");
        if (v && !m->cpu[0]) snprintf(m->cpu, sizeof m->cpu, "%.*s", (int)sizeof m->cpu - 1, v);
        v = value_of(line, "flags");
        if (!v) v = value_of(line, "Features");
        if (v && !m->features[0]) read_features(v, m);
    }
    free(line);
    fclose(f);
}

void bf_machine_read(bf_machine *out)
{
    *out = (bf_machine){ 0 };
    read_cpuinfo(out);
    if (!out->cpu[0]) {
        struct utsname u;
        snprintf(out->cpu, sizeof out->cpu, "%.*s", (int)sizeof out->cpu - 1, uname(&u) == 0 ? u.machine : "unknown");
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    out->processors = online > 0 ? (int)online : 0;
    cpu_set_t mask;
    /* Fails on machines with more processors than a cpu_set_t holds (1024): then every one counts as usable. */
    out->usable = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : out->processors;
}

bf_simd bf_machine_built_for(void)
{
#if defined(__AVX512F__)
    return BF_SIMD_AVX512;
#elif defined(__AVX2__)
    return BF_SIMD_AVX2;
#elif defined(__AVX__)
    return BF_SIMD_AVX;
#elif defined(__x86_64__)
    return BF_SIMD_BASE;
#else
    return BF_SIMD_UNKNOWN;
#endif
}

const char *bf_simd_name(bf_simd s)
{
    static const char *const names[] = { "unknown", "base", "avx", "avx2", "avx512" };
    return names[s];
}
