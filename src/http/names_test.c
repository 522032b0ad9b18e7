// SPDX-License-Identifier: MIT
#include "http/names.h"
#include <bora/test.h>
#include <ctype.h>

TEST(names_each_known_header_is_found_in_any_case)
{
    for (int id = HTTP_NAME_OTHER + 1; id < HTTP_NAME_COUNT; id++) {
        bo_str text = bo__http_name_text((http_name)id);
        test_case(BO_FMT, BO_ARG(text));
        EXPECT_EQ(bo__http_name_of(text), id);
        char upper[32];
        REQUIRE(text.len < sizeof upper);
        for (size_t i = 0; i < text.len; i++)
            upper[i] = (char)toupper(text.ptr[i]);
        EXPECT_EQ(bo__http_name_of(bo_str_n(upper, text.len)), id);
        EXPECT_EQ(bo__http_name_of(bo_str_sub(text, 0, text.len - 1)), HTTP_NAME_OTHER);
        upper[text.len / 2] = '_';
        EXPECT_EQ(bo__http_name_of(bo_str_n(upper, text.len)), HTTP_NAME_OTHER);
    }
}

TEST(names_others_are_other)
{
    EXPECT_EQ(bo__http_name_of(bo_s("")), HTTP_NAME_OTHER);
    EXPECT_EQ(bo__http_name_of(bo_s("h")), HTTP_NAME_OTHER);
    EXPECT_EQ(bo__http_name_of(bo_s("hoot")), HTTP_NAME_OTHER);
    EXPECT_EQ(bo__http_name_of(bo_s("x-anything")), HTTP_NAME_OTHER);
}

TEST(names_a_token_has_no_separators)
{
    EXPECT(bo__http_token(bo_s("X-A_b.9!")));
    static const char *const none[] = {"",   "a b", "a:",    "a\t",   "(a)",
                                       "a,", "a/",  "\"a\"", "a\x7f", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        test_case("%s", none[i]);
        EXPECT(!bo__http_token(bo_str_of(none[i])));
    }
    EXPECT(!bo__http_token(bo_s("a\0")));
}

TEST(names_a_value_has_no_control_characters)
{
    EXPECT(bo__http_value_valid(bo_s("")));
    EXPECT(bo__http_value_valid(bo_s("a b\t\xc3\xa9")));
    EXPECT(!bo__http_value_valid(bo_s("a\r\nSet-Cookie: b")));
    EXPECT(!bo__http_value_valid(bo_s("a\n")));
    EXPECT(!bo__http_value_valid(bo_s("a\0b")));
    EXPECT(!bo__http_value_valid(bo_s("a\x7f")));
}
