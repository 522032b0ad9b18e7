// SPDX-License-Identifier: MIT
// fd.c: descriptors as readers and writers.
//
// A descriptor that comes from outside blocks: it may be shared with a shell or a parent process,
// so it is not ours to make non-blocking. No call that may block is made on the core:
//
// 1. The kernel is asked to do what it can without waiting (RWF_NOWAIT). A pipe with data and a
//    file in the page cache end here, with one system call.
// 2. Where it can do nothing, or cannot tell, and poll(2) says that the descriptor is not ready,
//    the goroutine waits in the poller, and does so until its scope ends. Files are always ready.
// 3. The blocking call is made on a thread that has given its core away (bo_blocking). It blocks
//    for the disk, or if somebody else was quicker to read from the same pipe.
//
// The poller gets a duplicate of the descriptor, for one wait: it takes each number but once, and
// two goroutines may wait for the same one.
//
// Rejected: the blocking call alone. A hundred goroutines that read from pipes would hold a hundred
// threads, and none would notice the end of its scope.
#include "io/io.h"

#include "runtime/runtime.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ready(int fd, bool write)
{
    // An error and a wrong descriptor count as ready: the call itself says what it is.
    struct pollfd wish = {.fd = fd, .events = write ? POLLOUT : POLLIN};
    return poll(&wish, 1, 0) != 0;
}

// goes_that_way: a descriptor that was opened for the other direction alone is never ready.
static bool goes_that_way(int fd, bool write)
{
    return (fcntl(fd, F_GETFL) & O_ACCMODE) != (write ? O_RDONLY : O_WRONLY);
}

// wait_ready returns when a read or write would not block, or the scope has ended.
static bo_err wait_ready(int fd, bool write)
{
    if (is_ready(fd, write) || !goes_that_way(fd, write))
        return NULL;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    // Out of descriptors: then the call blocks its thread.
    if (own < 0)
        return NULL;
    bo__pollfd *poll = bo__poll_open(own);
    bo_err err = NULL;
    while (!err && !is_ready(fd, write))
        err = bo__poll_wait(poll, write, BO__NO_DEADLINE);
    bo__poll_close(poll);
    close(own);
    return err;
}

static bool may_pass(int error)
{
    return error == EINTR || error == EAGAIN;
}

// ---- reading ----

static bo_err read_some(int fd, char *into, size_t max, size_t *got)
{
    struct iovec place = {into, max};
    // Nothing read may be the end or, on some kernels, a page that is not there yet.
    ssize_t len = preadv2(fd, &place, 1, -1, RWF_NOWAIT);
    while (len <= 0) {
        BO_TRY(wait_ready(fd, false));
        len = bo_blocking(read, fd, into, max);
        if (len == 0)
            return BO_EOF;
        if (len < 0 && !may_pass(errno))
            return bo_err_sys(errno);
    }
    *got = (size_t)len;
    return NULL;
}

static bo_err fill(bo_reader *reader, char *into, size_t max, size_t *got)
{
    int fd = ((bo_fd_reader *)reader)->fd;
    bo_err err = read_some(fd, into, max, got);
    return err && err != BO_EOF ? bo_errf(err, "read descriptor %d", fd) : err;
}

void bo_fd_reader_init(bo_fd_reader *reader, int fd, char *buf, size_t cap)
{
    *reader = (bo_fd_reader){.reader = {.buf = buf, .cap = cap, .fill = fill}, .fd = fd};
}

// ---- writing ----

static bool is_file(int fd)
{
    struct stat about;
    return fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || S_ISBLK(about.st_mode));
}

// write_waiting writes what it can without blocking for long. A pipe that is ready takes PIPE_BUF
// bytes at once; more would hold the thread until somebody reads.
static ssize_t write_waiting(int fd, struct iovec *pieces, int count)
{
    if (is_file(fd))
        return bo_blocking(writev, fd, pieces, count);
    size_t len = pieces->iov_len < PIPE_BUF ? pieces->iov_len : PIPE_BUF;
    return bo_blocking(write, fd, pieces->iov_base, len);
}

static bo_err write_pieces(int fd, struct iovec *pieces, int count)
{
    for (bo__skip_pieces(&pieces, &count, 0); count > 0;) {
        ssize_t len = pwritev2(fd, pieces, count, -1, RWF_NOWAIT);
        if (len <= 0) {
            BO_TRY(wait_ready(fd, true));
            len = write_waiting(fd, pieces, count);
        }
        if (len >= 0)
            bo__skip_pieces(&pieces, &count, (size_t)len);
        else if (!may_pass(errno))
            return bo_err_sys(errno);
    }
    return NULL;
}

static bo_err drain(bo_writer *writer, const char *more, size_t more_len)
{
    struct iovec pieces[] = {{writer->buf, writer->len}, {(void *)(uintptr_t)more, more_len}};
    BO_TRY(write_pieces(((bo_fd_writer *)writer)->fd, pieces, 2));
    writer->len = 0;
    return NULL;
}

void bo_fd_writer_init(bo_fd_writer *writer, int fd, char *buf, size_t cap)
{
    *writer = (bo_fd_writer){.writer = {.buf = buf, .cap = cap, .drain = drain}, .fd = fd};
}
