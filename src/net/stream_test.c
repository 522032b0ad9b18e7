// SPDX-License-Identifier: MIT
#include "net/net_test.h"

static void upper(bo_conn *conn)
{
    char in[64], out[64];
    bo_conn_reader reader;
    bo_conn_writer writer;
    bo_conn_reader_init(&reader, conn, in, sizeof in);
    bo_conn_writer_init(&writer, conn, out, sizeof out);
    for (bo_str line; !bo_read_line(&reader.reader, 0, &line);) {
        bo_write_int(&writer.writer, (int64_t)line.len);
        bo_write_byte(&writer.writer, ' ');
        bo_write(&writer.writer, line);
        bo_write_byte(&writer.writer, '\n');
        EXPECT_EQ(bo_flush(&writer.writer), NULL);
    }
    EXPECT_EQ(reader.reader.err, BO_EOF);
    bo_conn_free(conn);
}

TEST(conn_is_a_reader_and_a_writer)
{
    char buf[200];
    struct net_pair pair = net_pair_tcp();
    go(upper, pair.accepted);
    bo_conn_writer writer;
    bo_conn_writer_init(&writer, pair.dialed, NULL, 0);
    EXPECT_EQ(bo_write(&writer.writer, bo_s("one\nthree\n\nfive and twenty\n")), NULL);
    EXPECT_EQ(bo_conn_shutdown_write(pair.dialed), NULL);
    size_t len = net_read_all(pair.dialed, buf, sizeof buf);
    EXPECT_EQ(bo_str_n(buf, len), "3 one\n5 three\n0 \n15 five and twenty\n");
    bo_conn_free(pair.dialed);
}

TEST(conn_writer_keeps_the_kind_of_its_first_error)
{
    char out[8];
    struct net_pair pair = net_pair_tcp();
    bo_conn_writer writer;
    bo_conn_writer_init(&writer, pair.dialed, out, sizeof out);
    EXPECT_EQ(bo_write(&writer.writer, bo_s("fits")), NULL);
    bo_conn_close(pair.dialed);
    EXPECT_EQ(bo_write(&writer.writer, bo_s("does not fit any more")), BO_CLOSED);
    EXPECT_EQ(bo_flush(&writer.writer), BO_CLOSED);
    net_pair_free(pair);
}
