/* Numbers and texts as JSON. */
#ifndef BF_BASE_JSON_H
#define BF_BASE_JSON_H
#include <stddef.h>
/* Local. What is not finite is null. Returns out. */
const char *bf_json_number(double v, char out[32]);
/* Local. Text as a string's body, escaped, without its quotes; what is no UTF-8 becomes U+FFFD. What does not fit is cut, never inside an escape. */
void bf_json_escape(const char *text, char *out, size_t size);
#endif
