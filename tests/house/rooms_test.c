// SPDX-License-Identifier: MIT
// The rooms of src/ stand one upon the other: a room uses those before it in meson.build's list,
// never one after it. Told twice: by what its files include, and by what its objects are linked
// with, since a declaration can be written by hand.
#include "tree.h"

#include <bora/arena.h>
#include <bora/map.h>
#include <bora/test.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROOMS_MAX = 32 };

static bo_str rooms[ROOMS_MAX];
static int room_count;

// The room that each public header belongs to.
static const struct {
    const char *header, *room;
} headers[] = {
    {"arena", "base"},    {"err", "base"},      {"map", "base"},        {"slice", "base"},
    {"str", "base"},      {"time", "base"},     {"closure", "runtime"}, {"go", "runtime"},
    {"chan", "sync"},     {"group", "sync"},    {"sync", "sync"},       {"io", "io"},
    {"process", "io"},    {"signal", "io"},     {"log", "observe"},     {"net", "net"},
    {"type", "encoding"}, {"json", "encoding"}, {"http", "http"},       {"test", "testing"},
};

static int room_index(bo_str name)
{
    for (int i = 0; i < room_count; i++)
        if (bo_str_eq(rooms[i], name))
            return i;
    return -1;
}

// rooms = ['base', 'runtime', ...]
static void read_rooms(void)
{
    bo_str text = tree_read("meson.build"), list, field;
    ptrdiff_t at = bo_str_find(text, bo_s("\nrooms = ["));
    REQUIRE(at >= 0);
    bo_str_cut(bo_str_sub(text, (size_t)at + 10, text.len), ']', &list, NULL);
    while (bo_str_next(&list, ',', &field)) {
        field = bo_str_trim(field);
        REQUIRE(field.len > 2 && room_count < ROOMS_MAX);
        rooms[room_count++] = bo_str_sub(field, 1, field.len - 1);
    }
    REQUIRE(room_count > 5);
    EXPECT_EQ(rooms[0], "base");
}

static int room_of_header(bo_str name)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (bo_str_eq(bo_str_of(headers[i].header), name))
            return room_index(bo_str_of(headers[i].room));
    return -1;
}

// What a line includes of ours: the index of its room; room_count: nothing of ours.
static int included_room(const char *path, bo_str line)
{
    bo_str name, room;
    if (!bo_str_starts(line, bo_s("#include ")))
        return room_count;
    bool angled = bo_str_cut(line, '<', NULL, &name);
    if (angled && bo_str_starts(name, bo_s("bora/"))) {
        bo_str_cut(bo_str_sub(name, 5, name.len), '.', &name, NULL);
        int index = room_of_header(name);
        if (index < 0)
            test_fail("%s: bora/" BO_FMT ".h stands in no room: say which one in rooms_test.c",
                      path, BO_ARG(name));
        return index < 0 ? room_count : index;
    }
    if (angled || !bo_str_cut(line, '"', NULL, &name) || !bo_str_cut(name, '/', &room, NULL))
        return room_count;
    int index = room_index(room);
    return index < 0 ? room_count : index;
}

static void check_includes(const char *path, int own)
{
    bo_str rest = tree_read(path), line;
    while (bo_str_next(&rest, '\n', &line)) {
        int used = included_room(path, line);
        if (used < room_count && used > own)
            test_fail("%s: a file of " BO_FMT " has: " BO_FMT, path, BO_ARG(rooms[own]),
                      BO_ARG(line));
    }
}

TEST(files_of_a_room_include_only_rooms_before_it)
{
    read_rooms();
    struct paths files = tree_files("src", "");
    for (size_t i = 0; i < files.len; i++) {
        bo_str path = bo_str_of(files.at[i]), room;
        // Tests of a room may use all that helps them.
        if (bo_str_ends(path, bo_s("_test.c")) || bo_str_ends(path, bo_s("_test.h")))
            continue;
        bo_str_cut(bo_str_sub(path, 4, path.len), '/', &room, NULL);
        int own = room_index(room);
        if (own < 0)
            test_fail("%s: src/" BO_FMT " is no room of meson.build's list", files.at[i],
                      BO_ARG(room));
        else
            check_includes(files.at[i], own);
    }
}

TEST(public_headers_include_only_rooms_before_theirs)
{
    read_rooms();
    struct paths files = tree_files("include/bora", ".h");
    for (size_t i = 0; i < files.len; i++) {
        bo_str name;
        bo_str_cut(bo_str_of(strrchr(files.at[i], '/') + 1), '.', &name, NULL);
        int own = room_of_header(name);
        if (own < 0)
            test_fail("%s stands in no room: say which one in rooms_test.c", files.at[i]);
        else
            check_includes(files.at[i], own);
    }
}

// A line of nm: "LIBRARY:MEMBER:VALUE KIND NAME", the member being src_ROOM_FILE.c.o.
static bool parse_symbol(bo_str line, int *room, char *kind, bo_str *member, bo_str *name)
{
    ptrdiff_t at = bo_str_find(line, bo_s(":src_"));
    if (at < 0)
        return false;
    bo_str rest = bo_str_sub(line, (size_t)at + 1, line.len), room_name, word;
    bo_str_cut(rest, ':', member, &rest);
    bo_str_cut(bo_str_sub(*member, 4, member->len), '_', &room_name, NULL);
    *room = room_index(room_name);
    *kind = '\0';
    while (bo_str_next(&rest, ' ', &word)) {
        if (word.len == 1 && *kind == '\0')
            *kind = word.ptr[0];
        *name = word;
    }
    return *room >= 0 && *kind != '\0' && name->len > 0;
}

typedef BO_MAP(bo_str, int) symbols;

TEST(objects_of_a_room_are_linked_only_with_rooms_before_it)
{
    read_rooms();
    const char *tool = getenv("BORA_TOOL");
    REQUIRE(tool != NULL);
    bo_arena arena = {0};
    bo_str output;
    const char *line =
        bo_str_printf(&arena, "eval \"$('%s' env)\"; nm -A \"$BORA_LIB/libbora.a\"", tool).ptr;
    REQUIRE_EQ(tree_run(line, &output), 0);

    symbols defined = {0};
    bo_str member, name;
    int room;
    char kind;
    for (bo_str rest = output, l; bo_str_next(&rest, '\n', &l);)
        if (parse_symbol(l, &room, &kind, &member, &name) && strchr("TDBRVWCG", kind))
            bo_map_set(&defined, name, room);
    REQUIRE(bo_map_len(&defined) > 100);
    for (bo_str rest = output, l; bo_str_next(&rest, '\n', &l);) {
        if (!parse_symbol(l, &room, &kind, &member, &name) || kind != 'U')
            continue;
        int *home = bo_map_get(&defined, name);
        if (home && *home > room)
            test_fail(BO_FMT " uses " BO_FMT ", which is in " BO_FMT, BO_ARG(member), BO_ARG(name),
                      BO_ARG(rooms[*home]));
    }
    bo_map_free(&defined);
    bo_arena_free(&arena);
}
