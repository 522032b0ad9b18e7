// SPDX-License-Identifier: MIT
// rules.h: whether a value keeps the constraints of its field.
//
// Apart from what a field's text looked like, so that whatever fills in a described struct can ask.
#ifndef BORA_SRC_ENCODING_RULES_H
#define BORA_SRC_ENCODING_RULES_H

#include <bora/type.h>

// Room for what bo__rules_broken says, with a NUL.
#define RULES_WHY_MAX 192

// bo__rules_broken reports whether the value of a field that has rules breaks one of them, and says
// in `why` what was expected: "at least 1 character". It asks all but .required of a value that is
// there, and nothing of a pointer or optional without one. Of a field with omitempty or omitzero
// the zero value is not there.
bool bo__rules_broken(const bo_field *field, const void *value, char why[RULES_WHY_MAX]);

// bo__format_holds reports whether a text looks as the format demands.
bool bo__format_holds(bo_format format, bo_str text);

#endif
