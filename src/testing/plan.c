// SPDX-License-Identifier: MIT
// plan.c: how the options of a test program are read; the tool reads them too, before it builds.
#include "testing/testing.h"

#include <stdlib.h>

bool test_parse_count(const char *text, int *out)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || n < 1 || n > TEST_COUNT_MAX)
        return false;
    *out = (int)n;
    return true;
}

bool test_parse_timeout(const char *text, bo_duration *out)
{
    char *end;
    double n = strtod(text, &end);
    double unit = strcmp(end, "ms") == 0  ? 1e6
                  : strcmp(end, "s") == 0 ? 1e9
                  : strcmp(end, "m") == 0 ? 60e9
                  : strcmp(end, "h") == 0 ? 3600e9
                                          : 0;
    if (end == text || unit == 0 || !(n > 0) || n * unit > 1e15)
        return false;
    *out = (bo_duration)(n * unit);
    return true;
}
