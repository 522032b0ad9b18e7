// SPDX-License-Identifier: MIT
// type.c: the scalars, and what can be asked of a description.
//
// All the rest of bora/type.h is made by the compiler: a description is constant data.
#include <bora/type.h>

#define SCALAR(of_kind, text, T)                                                                   \
    [BO_KIND_##of_kind] = {                                                                        \
        .name = text, .kind = BO_KIND_##of_kind, .size = sizeof(T), .align = _Alignof(T)}

const bo_type bo__scalars[BO_KIND_STR + 1] = {
    SCALAR(BOOL, "bool", bool),         SCALAR(INT8, "int8", int8_t),
    SCALAR(INT16, "int16", int16_t),    SCALAR(INT32, "int32", int32_t),
    SCALAR(INT64, "int64", int64_t),    SCALAR(UINT8, "uint8", uint8_t),
    SCALAR(UINT16, "uint16", uint16_t), SCALAR(UINT32, "uint32", uint32_t),
    SCALAR(UINT64, "uint64", uint64_t), SCALAR(FLOAT, "float", float),
    SCALAR(DOUBLE, "double", double),   SCALAR(STR, "str", bo_str),
};

const bo_type bo__type_bo_strs = {
    .name = "slice",
    .kind = BO_KIND_SLICE,
    .size = sizeof(bo_strs),
    .align = _Alignof(bo_strs),
    .elem = &bo__scalars[BO_KIND_STR],
};

const bo_field *bo_type_field(const bo_type *type, bo_str name)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const bo_field *field = &type->fields[i];
        if (field->name_len == name.len && !(field->flags & BO_FIELD_HIDDEN) &&
            memcmp(field->key_ + 2, name.ptr, name.len) == 0)
            return field;
    }
    return NULL;
}

static bool is_zero_bytes(const void *value, size_t size)
{
    static const char zero[sizeof(uint64_t)];
    return memcmp(value, zero, size) == 0;
}

bool bo_type_is_zero(const bo_type *type, const void *value)
{
    switch ((bo_kind)type->kind) {
    case BO_KIND_FLOAT: {
        float number;
        memcpy(&number, value, sizeof number);
        return number == 0;
    }
    case BO_KIND_DOUBLE: {
        double number;
        memcpy(&number, value, sizeof number);
        return number == 0;
    }
    case BO_KIND_STR:
        return ((const bo_str *)value)->len == 0;
    case BO_KIND_SLICE: {
        bo__slice slice;
        memcpy(&slice, value, sizeof slice);
        return slice.len == 0;
    }
    case BO_KIND_OPTIONAL:
        return ((const uint8_t *)value)[type->elem->size] == BO_ABSENT;
    case BO_KIND_STRUCT:
        for (unsigned i = 0; i < type->field_count; i++) {
            const bo_field *field = &type->fields[i];
            if (!bo_type_is_zero(field->type, (const char *)value + field->offset))
                return false;
        }
        return true;
    default:
        return is_zero_bytes(value, type->size);
    }
}
