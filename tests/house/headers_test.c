// SPDX-License-Identifier: MIT
// The public headers are the contract: every function and macro in them has a comment.
#include "tree.h"

#include <bora/map.h>
#include <bora/test.h>

#include <ctype.h>
#include <stdio.h>

// The public name that a line at the left margin declares or defines, or an empty one.
static bo_str public_name(bo_str line)
{
    if (line.len == 0 || line.ptr[0] == ' ' || line.ptr[0] == '/' || line.ptr[0] == '}')
        return (bo_str){0};
    bool macro = bo_str_starts(line, bo_s("#define "));
    if (line.ptr[0] == '#' && !macro)
        return (bo_str){0};
    ptrdiff_t open = bo_str_find_byte(line, '(');
    if (open < 0)
        return (bo_str){0};
    size_t start = (size_t)open;
    while (start > 0 && (isalnum((unsigned char)line.ptr[start - 1]) || line.ptr[start - 1] == '_'))
        start--;
    bo_str name = bo_str_sub(line, start, (size_t)open);
    bool ours = bo_str_starts(name, bo_s("bo_")) && !bo_str_starts(name, bo_s("bo__"));
    return ours || (macro && bo_str_eq(name, bo_s("go"))) ? name : (bo_str){0};
}

typedef BO_MAP(bo_str, bool) names;

// Every public name of a header, with whether a comment speaks for it: one that it follows without
// an empty line, or that of the type just before. An inline body further below needs no second one.
static void read_names(names *all, bo_str text)
{
    bool commented = false, type_ended = false;
    for (bo_str line; bo_str_next(&text, '\n', &line);) {
        if (line.len == 0 && !type_ended)
            commented = false;
        type_ended = bo_str_starts(line, bo_s("} "));
        if (bo_str_starts(line, bo_s("//")))
            commented = true;
        bo_str name = public_name(line);
        if (name.len > 0)
            *bo_map_slot(all, name) |= commented;
    }
}

TEST(public_functions_have_a_comment)
{
    struct paths files = tree_files("include/bora", ".h");
    for (size_t i = 0; i < files.len; i++) {
        names all = {0};
        read_names(&all, tree_read(files.at[i]));
        bo_str name;
        bool *commented;
        for (size_t at = 0; bo_map_next(&all, &at, &name, &commented);)
            if (!*commented)
                test_fail("%s: " BO_FMT " has no comment", files.at[i], BO_ARG(name));
        bo_map_free(&all);
    }
}

TEST(headers_say_what_they_are_for_first)
{
    struct paths files = tree_files("include", ".h");
    for (size_t i = 0; i < files.len; i++) {
        char want[256];
        snprintf(want, sizeof want,
                 "// SPDX-License-Identifier: MIT\n// %s: ", files.at[i] + strlen("include/"));
        test_case("%s", files.at[i]);
        EXPECT(bo_str_starts(tree_read(files.at[i]), bo_str_of(want)));
    }
}
