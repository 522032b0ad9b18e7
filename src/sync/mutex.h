// SPDX-License-Identifier: MIT
// mutex.h: what conditions need of mutexes.
#ifndef BORA_SRC_MUTEX_H
#define BORA_SRC_MUTEX_H

#include <bora/sync.h>

// bo__mutex_release is bo_mutex_unlock without the seeded mode's yield. Never parks.
void bo__mutex_release(bo_mutex *m);

#endif
