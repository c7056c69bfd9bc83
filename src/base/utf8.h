/* Texts from files, names and environments are bytes; JSON, HDF5 and study files are UTF-8. */
#ifndef BF_BASE_UTF8_H
#define BF_BASE_UTF8_H
#include <stdbool.h>
#include <stddef.h>
/* Local. Length of the valid sequence at text[0..n), 0 when there is none (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
size_t bf_utf8_length(const unsigned char *text, size_t n);
/* Local. Whether a valid sequence is a control character, which a terminal obeys: C0, DEL, C1. */
bool bf_utf8_is_control(const unsigned char *text);
#endif
