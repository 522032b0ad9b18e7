// SPDX-License-Identifier: MIT
// io/quiet.h: writing without SIGPIPE.
#ifndef BORA_SRC_IO_QUIET_H
#define BORA_SRC_IO_QUIET_H

#include <stddef.h>
#include <sys/types.h>

// bo__write_quietly is write(2), but where nobody reads any more it fails with EPIPE and raises no
// signal, whatever the program does about SIGPIPE.
ssize_t bo__write_quietly(int fd, const void *buf, size_t n);

#endif
