// What a thread is called where people look at a process: `top -H`, debuggers, profiles.
#pragma once

#include <pthread.h>

namespace plenoptic::base {

/// At most 15 characters; threads that it starts have the same name until they take their own.
inline void name_this_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace plenoptic::base
