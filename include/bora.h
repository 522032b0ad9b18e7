// SPDX-License-Identifier: MIT
// bora.h: all of Bora, from the ground up. Each package's header can be included by itself, too.
#ifndef BORA_H
#define BORA_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/map.h>
#include <bora/slice.h>
#include <bora/str.h>
#include <bora/time.h>

#include <bora/go.h>

#include <bora/chan.h>
#include <bora/group.h>
#include <bora/sync.h>

#include <bora/io.h>
#include <bora/process.h>
#include <bora/signal.h>

#include <bora/log.h>

#include <bora/net.h>

#include <bora/json.h>
#include <bora/type.h>

#include <bora/http.h>

#endif
