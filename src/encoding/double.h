// SPDX-License-Identifier: MIT
// double.h: floating-point numbers from and to decimal text, both exact.
#ifndef BORA_SRC_ENCODING_DOUBLE_H
#define BORA_SRC_ENCODING_DOUBLE_H

#include <bora/str.h>

// bo__parse_double reads a number in the grammar of JSON, rounds it to the nearest double, ties to
// the even one, and reports whether that is finite. bo__parse_float does so for float, rounding
// once. What is too small is 0.
bool bo__parse_double(bo_str number, double *out);
bool bo__parse_float(bo_str number, float *out);

// Room for any number that the next two write.
#define DOUBLE_BYTES_MAX 25

// bo__put_double writes the shortest decimal number that is read back as `number`, which is finite,
// and among those the nearest to it. As in JavaScript and Go, one below 1e-6 or from 1e21 on has an
// exponent. It returns the place behind it. bo__put_float does so for what is read back as float.
char *bo__put_double(char *at, double number);
char *bo__put_float(char *at, float number);

#endif
