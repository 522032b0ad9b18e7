// SPDX-License-Identifier: MIT
// sources.h: the C files of a folder.
#ifndef BORA_CMD_SOURCES_H
#define BORA_CMD_SOURCES_H

#include "words.h"

#include <bora/err.h>

// What sources_find looks for; the values are bits.
enum {
    SOURCES_PROGRAM = 1,  // *.c that are no tests
    SOURCES_TESTS = 2,    // *_test.c
    SOURCES_HEADERS = 4,  // *.h
};

// sources_find adds the files of the wanted kinds in dir and its sub-folders, in the order of their
// names, as paths that begin with dir (without "./"). Folders whose name begins with a dot, and
// those named build or testdata, are left out; links to folders are not followed.
bo_err sources_find(const char *dir, int kinds, struct words *found);

// sources_kind is the kind of a file by its name, or 0.
int sources_kind(const char *path);

// sources_folder is the path of the folder a file is in.
const char *sources_folder(bo_arena *arena, const char *path);

#endif
